import { readFileSync } from 'node:fs'
import { Command, type CommanderError } from 'commander'
import { chatCommand } from './commands/chat.ts'
import { completionCommand } from './commands/completion.ts'
import { probeCommand } from './commands/probe.ts'
import { receiveCommand } from './commands/receive.ts'
import { relayCommand } from './commands/relay.ts'
import { sendCommand } from './commands/send.ts'
import type { Context } from './context.ts'
import { Failure } from './failure.ts'
import { programName } from './terminal/shell-word.ts'

const about = `
Start here:
  msrp relay                                    run a relay on this machine
  msrp receive --listen 127.0.0.1:0             wait for a file, print the path for its sender
  msrp send FILE --to 'PATH'                    send it

Passwords come from a prompt, the variable MSRP_PASSWORD or --password-file, never from an argument.
Every command explains itself: msrp send --help

Exit codes: 0 ok, 1 internal fault, 2 usage, 3 file missing or unreadable, 4 storage full or unwritable,
5 cannot reach, 6 TLS authority, 7 TLS name, 8 not an MSRP peer, 9 wrong password or unknown user,
10 path through the relay expired, 11 refused by the peer, 12 connection lost, 13 timeout,
14 not the file that was offered, 130/143 stopped.`

/** The commands of `msrp`. */
export function buildProgram(context: Context): Command {
  const program = new Command('msrp')
    .description('Chat and send files of any size over MSRP (RFC 4975), directly or through relays (RFC 4976).')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', about)
  for (const build of [sendCommand, receiveCommand, chatCommand, probeCommand, relayCommand, completionCommand]) {
    program.addCommand(build(context))
  }
  forEachCommand(program, (command) => {
    command
      .exitOverride((error) => misused(command, error))
      .showSuggestionAfterError()
      .helpOption('-h, --help', 'show help')
      // An option behind a subcommand is the subcommand's, also where the command above has one of the same name.
      .enablePositionalOptions()
      // Errors of usage are shown like all others, where they are caught.
      .configureOutput({ outputError: () => {} })
  })
  return program
}

/** @throws Failure `usage` that says where more stands; the error itself where help or the version was printed */
function misused(command: Command, error: CommanderError): never {
  if (error.exitCode === 0 || error.code === 'commander.help') throw error
  const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  // The arguments themselves stay out of it: one too many may be a password that was meant to be asked for.
  const message = error.code === 'commander.excessArguments' ? text.replace(/(but got \d+): .*/, '$1.') : text
  throw new Failure('usage', `${message} (${[programName(), ...wordsOf(command)].join(' ')} --help tells more)`)
}

/** `['relay', 'user']`; nothing for the program itself. */
function wordsOf(command: Command): string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()]
}

function forEachCommand(command: Command, action: (command: Command) => void): void {
  action(command)
  for (const child of command.commands) forEachCommand(child, action)
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const manifest: unknown = JSON.parse(text)
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}
