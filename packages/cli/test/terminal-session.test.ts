import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../test/support/free-port.ts'
import { type Program, type ProgramOptions, startMsrp, startProgram } from '../../../test/support/process.ts'
import { requires } from '../../../test/support/requires.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** `msrp ARGS` on a terminal: what it draws is its standard output, what is typed is its standard input. */
function onTerminal(args: string[], options: ProgramOptions = {}): Program {
  const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ')
  return startProgram(
    'script',
    ['--quiet', '--flush', '--return', '--command', `stty cols 100 rows 30; ${words}`, '/dev/null'],
    {
      ...options,
      env: { TERM: 'xterm', LANG: 'C.UTF-8', NO_COLOR: undefined, ...options.env },
    },
  )
}

beforeEach((context) => requires(context, 'script'))

describe('on a terminal', () => {
  test('a password is asked for and never shown', async () => {
    const program = onTerminal(['probe', `127.0.0.1:${await freePort()}`, '--user', 'bob@localhost'])
    await program.line(/^Password for bob@localhost: $/)
    await program.write('opensesXme\b\b\bame\r')
    expect((await program.exit()).code).toBe(5)
    expect(program.stdout.text).toMatch(/refused/)
    expect(program.stdout.text).not.toMatch(/opense|same/)
  })

  test('Ctrl-C at the password ends with 130', async () => {
    const program = onTerminal(['probe', '127.0.0.1:1', '--user', 'bob@localhost'])
    await program.line(/^Password for bob@localhost: $/)
    await program.write('opense\u0003')
    expect((await program.exit()).code).toBe(130)
  })

  test('a mistake is shown in red, unless NO_COLOR is set', async () => {
    const red = onTerminal(['send'])
    expect((await red.exit()).code).toBe(2)
    expect(red.stdout.text).toContain('\u001b[31merror:\u001b[39m')
    const plain = onTerminal(['send'], { env: { NO_COLOR: '1' } })
    expect((await plain.exit()).code).toBe(2)
    expect(plain.stdout.text).toContain('error:')
    expect(plain.stdout.text).not.toContain('\u001b[3')
  })

  test.each([
    ['an offer', ['send', 'a.txt', '--offer', '-', '--listen', '127.0.0.1:0']],
    ['an answer', ['receive', '--offer', 'offer.sdp', '--listen', '127.0.0.1:0']],
  ])('%s stands between empty lines, to be copied', async (_, args) => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'a.txt'), 'text')
    const offering = startMsrp(['send', 'a.txt', '--offer', 'offer.sdp', '--listen', '127.0.0.1:0'], { cwd })
    await offering.line(/Paste the answer|receive --offer/)
    const program = onTerminal(args, { cwd })
    await program.line(/^The text above/)
    await program.write('\u0003')
    await program.exit()
    expect(stripVTControlCharacters(program.stdout.text).replaceAll('\r', '')).toMatch(/(^|\n)\nv=0\n(.=.*\n)+\n/)
  })

  test('a file under way has a bar, which goes away', async () => {
    const receiver = startMsrp(['receive', '--listen', '127.0.0.1:0', '--count', '1'], { cwd: temporaryFolder() })
    const [, path = ''] = await receiver.line(/--to '([^']+)'/)
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'photo.jpg'), Buffer.alloc(60_000_000))
    const sender = onTerminal(['send', 'photo.jpg', '--to', path], { cwd })
    expect((await sender.exit()).code).toBe(0)
    expect(sender.stdout.text).toMatch(/photo\.jpg {2}[█░]{20} +\d+ % {2}\S+ k?M?B of 60\.0 MB/)
    // The cursor is back, the bar is wiped away, and what stays is one line.
    const [, after = ''] = sender.stdout.text.split('\u001b[?25h')
    expect(after).toMatch(/\[0Jphoto\.jpg was delivered: 60\.0 MB in [^\n]*\n$/)
  })

  test('messages appear above the line that is being typed, and nothing of them can move the cursor', async () => {
    const other = startMsrp(['chat', '--listen', '127.0.0.1:0'], { cwd: temporaryFolder() })
    const [, path = ''] = await other.line(/--to '([^']+)'/)
    const person = onTerminal(['chat', '--to', path], { cwd: temporaryFolder() })
    await person.line(/you> /)
    await person.write('half a li')
    await person.line(/half a li/)
    await other.write('first\u001b[2J\n')
    await person.line(/peer>.* first\\x1b\[2J/)
    await expect.poll(() => person.stdout.text.split('first')[1]).toContain('you> half a li')
    await person.write('ne\r')
    await other.stdout.line(/^half a line$/)
    await person.write('/quit\r')
    expect((await person.exit()).code).toBe(0)
    expect((await other.exit()).code).toBe(0)
  })
})
