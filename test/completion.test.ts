import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startMsrp, startProgram } from './support/process.ts'
import { requires } from './support/requires.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

// The real shells are asked what they would offer.

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

const folder = temporaryFolderOfFile()

beforeAll(async () => {
  writeFileSync(join(folder, 'photo one.jpg'), '')
  writeFileSync(join(folder, 'photo.toml'), '')
  mkdirSync(join(folder, 'photos'))
  for (const shell of shells) {
    const program = startMsrp(['completion', shell], { lifetime: 'file' })
    expect(await program.exit()).toEqual({ code: 0, signal: null })
    writeFileSync(join(folder, scriptOf(shell)), program.stdout.text)
  }
})

describe.each(shells)('in %s', (shell) => {
  test.each<{ title: string; line: string; offers: string[]; butNot?: string[] }>([
    { title: 'commands', line: 'msrp re', offers: ['receive', 'relay'], butNot: ['send'] },
    { title: 'commands below commands', line: 'msrp relay user ', offers: ['add', 'list', 'passwd', 'remove'] },
    { title: 'options', line: 'msrp send --te', offers: ['--text'], butNot: ['--to'] },
    { title: 'options of the innermost command', line: 'msrp relay user add --g', offers: ['--generate'] },
    { title: 'one of a few words', line: 'msrp completion ', offers: ['bash', 'fish', 'zsh'] },
    { title: 'files where an option takes one', line: 'msrp relay --config photo', offers: ['photo.toml'] },
    {
      title: 'folders alone where a folder is wanted',
      line: 'msrp receive --dir ph',
      offers: ['photos'],
      butNot: ['photo.toml'],
    },
    {
      title: 'files as arguments, behind options with values',
      line: 'msrp send --to x photo',
      offers: ['photo one.jpg'],
    },
    {
      title: 'no command for a value that is called like one',
      line: 'msrp relay --config user --j',
      offers: ['--json'],
      butNot: ['add'],
    },
  ])('$title', async ({ line, offers, butNot = [] }) => {
    const offered = await offersOf(shell, line)
    expect(offered).toEqual(expect.arrayContaining(offers))
    for (const wrong of butNot) expect(offered).not.toContain(wrong)
  })

  test.beforeEach((context) => requires(context, shell))
})

function scriptOf(shell: Shell): string {
  return `completion.${shell}`
}

async function offersOf(shell: Shell, line: string): Promise<string[]> {
  const script = join(folder, scriptOf(shell))
  const args = {
    bash: ['--norc', '-c', asBash, 'bash', script, line],
    zsh: ['-f', '-c', asZsh, 'zsh', script, line],
    fish: ['--no-config', '-c', 'source $argv[1]; complete --do-complete=$argv[2]', script, line],
  }[shell]
  const program = startProgram(shell, args, { cwd: folder, env: { HOME: folder, XDG_DATA_HOME: folder, TERM: 'dumb' } })
  expect(await program.exit()).toEqual({ code: 0, signal: null })
  return (
    program.stdout.text
      .split(/\r?\n/)
      // Fish puts a description behind a tab, and marks of folders behind names.
      .map((offer) => offer.replace(/\t.*/, '').replace(/\/$/, '').replaceAll('\\ ', ' ').trim())
      .filter((offer) => offer !== '')
  )
}

const asBash = `
source "$1"
read -ra COMP_WORDS <<<"$2"
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_msrp
printf '%s\\n' "\${COMPREPLY[@]}"
`

// zsh completes on a terminal only; what would be added to its line is printed between two marks instead.
const asZsh = `
zmodload zsh/zpty
zpty inner zsh -f -i
say() { zpty -w inner "$1" }
say "PROMPT= RPROMPT= ; unsetopt prompt_sp; stty -echo"
say "autoload -Uz compinit; compinit -u -D; source $1"
say 'mark() { print -r -- "<mark>" }; compprefuncs=(mark); comppostfuncs=(mark)'
say 'compadd() { case " \${(j: :)@[1,(i)--]} " in (*\\ -[OAD]\\ *) builtin compadd "$@"; return ;; esac; local -a hits; builtin compadd -O hits "$@"; (( $#hits )) && print -rl -- $hits; builtin compadd "$@" }'
say "bindkey '^I' complete-word; print ready''now"
while zpty -r inner line; do [[ $line == *readynow* ]] && break; done
zpty -w -n inner "$2"$'\\t'
marks=0
while zpty -r inner line; do
  if [[ $line == *'<mark>'* ]]; then (( ++marks == 2 )) && break; continue; fi
  (( marks )) && print -r -- "$line"
done
zpty -d inner
`
