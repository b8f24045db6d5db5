import { Argument, Command } from 'commander'
import { shapeOf } from '../command-shape.ts'
import type { Context } from '../context.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

const examples = `
Examples:
  source <(msrp completion bash)                                            # this shell alone
  msrp completion bash > ~/.local/share/bash-completion/completions/msrp    # every later one
  msrp completion zsh > _msrp                                               # in a folder of fpath
  msrp completion fish > ~/.config/fish/completions/msrp.fish`

/** `msrp completion`: what a shell needs to complete the words behind `msrp`. */
export function completionCommand({ output }: Context): Command {
  return new Command('completion')
    .summary('print completion for a shell')
    .description('Print a script that makes a shell complete commands, options, files and choices behind msrp.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(shells))
    .addHelpText('after', examples)
    .action(async (shell: Shell, _: object, command: Command) => {
      const program = shapeOf(command.parent ?? command)
      output.print((await script(shell, program)).trimEnd())
    })
}

async function script(shell: Shell, program: ReturnType<typeof shapeOf>): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.ts')).bashCompletion(program)
    case 'zsh':
      return (await import('../completion/zsh.ts')).zshCompletion(program)
    case 'fish':
      return (await import('../completion/fish.ts')).fishCompletion(program)
    default:
      return shell satisfies never
  }
}
