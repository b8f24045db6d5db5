import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startMsrp } from '../../../test/support/process.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { type Verdict, verdictOn } from '../src/failure.ts'
import { buildProgram } from '../src/program.ts'
import { Output } from '../src/terminal/output.ts'
import { eventFlaw } from './event-schema.ts'

const path = 'msrp://127.0.0.1:9/nobody;tcp'

const output = new Output({ json: false, stop: () => {} })

/** How a command line ends, without a process of its own, for the many that end before anything happens. */
async function verdictOnArguments(args: string[]): Promise<Verdict> {
  const context = {
    output,
    signal: new AbortController().signal,
    signals: { grace: 0, onHangUp: undefined, end: () => {} },
  }
  return buildProgram(context)
    .parseAsync(args, { from: 'user' })
    .then(() => expect.unreachable('no mistake was found'), verdictOn)
}

describe('mistakes in a command line end with 2 and one line that helps', () => {
  test.each<[args: string[], line: RegExp]>([
    [['sned'], /unknown command 'sned'.*send/],
    [['send', '--to', path], /nothing to send/],
    [['send', 'a'], /--to/],
    [['send', 'a', '--to', 'x'], /"x" is no MSRP URI/],
    [['send', 'a', '--to', 'msrp://127.0.0.1:9/nobody'], /single quotes/],
    [['send', 'a', 'msrp://b.invalid:1/x;tcp', '--to', path], /put the whole path in single quotes/],
    [['send', '-', '-', '--to', path], /once only/],
    [['send', 'a', 'b', '--name', 'c', '--to', path], /--name and --type are for one file/],
    [['send', '--text', 'a', '--name', 'c', '--to', path], /for one file; there is only a text/],
    [['send', 'a', '--chunk-size', '100', '--to', path], /2048 or more/],
    [['send', 'a', '--to', path, '--user', 'bob@localhost'], /--user needs --relay/],
    [['send', 'a', '--to', path, '--relay', 'localhost'], /--relay needs --user/],
    [['send', 'a', '--to', path, '--ca', 'x', '--insecure'], /--insecure.*--ca/],
    [['send', 'a', '--to', path, '--password', 'secret'], /unknown option '--password'/],
    [['send', 'a', '--to', path, '--offer', 'o.sdp'], /--to 'PATH'.*or --offer FILE/],
    [['send', 'a', '--to', path, '--answer', 'a.sdp'], /--answer needs --offer/],
    [['send', 'a', '--to', path, '--listen', '127.0.0.1:0'], /--listen needs --offer/],
    [['send', '--text', 'a', '--offer', 'o.sdp'], /nothing to send/],
    [['send', 'a', '--text', 'a', '--offer', 'o.sdp'], /--text needs --to/],
    [['send', 'a', '--no-retry', '--offer', 'o.sdp'], /--retry and --no-retry need --to/],
    [['send', 'a', '--retry', '0', '--to', path], /--retry.*seconds/],
    [['send', '-', '--offer', 'o.sdp'], /standard input cannot be offered/],
    [['send', 'a', '--offer', 'o.sdp', '--relay', 'localhost', '--user', 'a@b', '--tls'], /--tls needs --listen/],
    [['receive', '--listen', '127.0.0.1:0', '--only', 'a'], /need --offer/],
    [['receive', '--offer', 'o.sdp', '--count', '1'], /--count is for waiting/],
    [['receive'], /where shall peers connect to.*--relay.*--listen/],
    [['receive', '--listen', 'localhost'], /HOST:PORT/],
    [['receive', '--listen', '0.0.0.0:0'], /--host NAME/],
    [['receive', '--listen', '[::]:0'], /--host NAME/],
    [['receive', '--listen', '127.0.0.1:0', '--relay', 'localhost', '--user', 'a@b'], /not both/],
    [['receive', '--listen', '127.0.0.1:0', '--cert', 'x'], /--cert and --key belong together/],
    [['receive', '--relay', 'localhost', '--user', 'a@b', '--tls'], /--tls needs --listen/],
    [['chat', '--listen', ':0', '--fingerprint', `sha-256 ${'AB:'.repeat(31)}AB`], /--fingerprint .* needs --to/],
    [['chat', '--to', 'msrp://a:1/x;tcp', '--fingerprint', `sha-256 ${'AB:'.repeat(31)}AB`], /^--fingerprint: .*TLS/],
    [['send', 'x', '--to', 'msrps://a:1/x;tcp', '--fingerprint', `sha-1 ${'AB:'.repeat(19)}AB`], /too weak.*sha-256/],
    [['receive', '--listen', '127.0.0.1:0', '--count', '0'], /whole number/],
    [['receive', 'stray', '--listen', '127.0.0.1:0'], /too many arguments/],
    [['chat', '--to', path, '--listen', '127.0.0.1:0'], /--to PATH.*or --listen/],
    [['chat', '--to', path, '--offer', 'o', '--answer', 'a'], /one of --to PATH, --offer FILE and --take FILE/],
    [['chat', '--offer', 'o'], /need --answer FILE/],
    [['chat', '--take', '-', '--answer', 'a'], /all are files/],
    [['probe', 'localhost'], /--user/],
    [['probe', 'msrp://localhost;tcp', '--user', 'a@b'], /over TLS/],
    [['probe', 'localhost', '--user', 'a@b'], /no password for a@b.*--password-file.*MSRP_PASSWORD/],
    [['relay', 'user', 'add', 'carol@localhost', 'hunter2'], /too many arguments[^:]*but got 2\. \(/],
    [['relay', 'stray'], /too many arguments|unknown command/],
    [['relay', 'user', 'add', 'nodomain'], /NAME@DOMAIN/],
    [['relay', 'user', 'add', 'a@b', '--generate', '--password-file', 'x'], /not both/],
  ])('msrp %s', async (args, line) => {
    const verdict = await verdictOnArguments(args)
    expect(verdict).toMatchObject({ exitCode: 2, code: expect.stringMatching(/^(usage|invalid-argument)$/) })
    expect(verdict.message).toMatch(line)
    expect(verdict.message).not.toContain('\n')
  })

  test.each([
    [['sned'], /msrp --help tells more\)$/],
    [['--verbos'], /msrp --help tells more\)$/],
    [['send', 'a', '--to', 'x'], /msrp send --help tells more\)$/],
    [['probe', '--user', 'a@b'], /msrp probe --help tells more\)$/],
    [['relay', 'user', 'add'], /msrp relay user add --help tells more\)$/],
  ])('msrp %s points to the help of the command that it is about', async (args, hint) => {
    expect((await verdictOnArguments(args)).message).toMatch(hint)
  })

  test('what was given stands in the line as it was given', async () => {
    const said = async (...args: string[]): Promise<string> => (await verdictOnArguments(args)).message
    expect(await said('send', 'a', '--to', 'a"b')).toContain('"a\\"b" is no MSRP URI: expected for example msrps://')
    expect(await said('send', 'a', '--to', 'msrp://a:99999/x;tcp')).toContain('the port is above 65535')
    expect(await said('receive', '--relay', 'http://x', '--user', 'a@b')).toContain('"http://x" is no MSRP URI')
  })

  test('the line stands on standard error, alone', async () => {
    const program = startMsrp(['send', 'a', '--to', 'x'], { input: '' })
    expect(await program.exit()).toEqual({ code: 2, signal: null })
    expect(program.stdout.lines).toEqual([])
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: .*"x" is no MSRP URI/)])
  })

  test('with --json the line is an event as well', async () => {
    const program = startMsrp(['send', '--json'], { input: '' })
    expect(await program.exit()).toEqual({ code: 2, signal: null })
    expect(program.stdout.json).toEqual([expect.objectContaining({ event: 'error', code: 'usage', confirmedBytes: 0 })])
    expect(eventFlaw(program.stdout.json[0])).toBeUndefined()
  })
})

describe('help', () => {
  const commands = [['send'], ['receive'], ['chat'], ['probe'], ['relay'], ['relay', 'user']]

  test.each(commands.map((words) => [words.join(' '), words]))('of msrp %s has examples', async (_name, words) => {
    const program = startMsrp([...words, '--help'])
    expect(await program.exit()).toEqual({ code: 0, signal: null })
    expect(program.stdout.text).toMatch(/^Usage: msrp/)
    expect(program.stdout.text).toMatch(/\nExamples:\n {2}msrp /)
    expect(program.stderr.text).toBe('')
    for (const line of program.stdout.lines) expect(line.length).toBeLessThanOrEqual(110)
  })

  test('of msrp as a whole names every command and every exit code', async () => {
    const program = startMsrp(['--help'])
    expect(await program.exit()).toEqual({ code: 0, signal: null })
    for (const [command] of commands) expect(program.stdout.text).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]) {
      expect(program.stdout.text).toMatch(new RegExp(`\\b${code} [a-zT]`))
    }
  })

  test('stands in for a missing command, on standard error and with code 2', async () => {
    const program = startMsrp([])
    expect(await program.exit()).toEqual({ code: 2, signal: null })
    expect(program.stdout.text).toBe('')
    expect(program.stderr.text).toMatch(/^Usage: msrp/)
  })

  test('the version is that of the package', async () => {
    const program = startMsrp(['--version'])
    expect(await program.exit()).toEqual({ code: 0, signal: null })
    expect(program.stdout.lines).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+/)])
  })
})

describe('files that cannot be read end with 3, before anybody is connected to', () => {
  test.each<[what: string, args: string[]]>([
    ['a file to send', ['send', 'missing.txt', '--to', path]],
    ['a folder without files', ['send', 'folder', '--to', path]],
    ['a file to offer', ['send', 'missing.txt', '--offer', 'offer.sdp']],
    ['the second of two files', ['send', 'there.txt', 'missing.txt', '--to', path]],
    ['an authority', ['send', 'there.txt', '--to', path, '--ca', 'missing.txt']],
    ['an authority that is no PEM', ['send', 'there.txt', '--to', path, '--ca', 'there.txt']],
    ['a password', ['receive', '--relay', 'localhost', '--user', 'a@b', '--password-file', 'missing.txt']],
    ['a certificate', ['receive', '--listen', '127.0.0.1:0', '--cert', 'missing.txt', '--key', 'missing.txt']],
    ['settings of a relay', ['relay', '--config', 'missing.txt']],
    ['settings of a relay that are a folder', ['relay', '--config', 'folder']],
  ])('%s', async (_what, args) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'there.txt'), 'here')
    mkdirSync(join(folder, 'folder'))
    const verdict = await verdictOnArguments(
      args.map((word) => (/^(there\.txt|missing\.txt|folder)$/.test(word) ? join(folder, word) : word)),
    )
    expect(verdict).toMatchObject({ exitCode: 3, code: 'file-unreadable' })
    expect(verdict.message).toMatch(/^cannot (read|use) .*(missing\.txt|there\.txt|folder)/)
    expect(verdict.message).not.toContain('\n')
  })
})

describe('a password file', () => {
  const probe = ['probe', '127.0.0.1:1', '--user', 'a@b', '--password-file', 'secret', '--timeout', '5']

  test('that others can read draws a warning', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'secret'), 'opensesame\n')
    chmodSync(join(cwd, 'secret'), 0o640)
    const program = startMsrp(probe, { cwd })
    await program.exit()
    expect(program.stderr.lines[0]).toMatch(/^warning: others .* chmod 600 secret$/)
    expect(program.stderr.text).not.toContain('opensesame')
  })

  test('that is private draws none', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'secret'), 'opensesame', { mode: 0o600 })
    const program = startMsrp(probe, { cwd })
    await program.exit()
    expect(program.stderr.text).not.toMatch(/warning/)
  })

  test('whose first line is empty is a mistake', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'secret'), '\nopensesame', { mode: 0o600 })
    const program = startMsrp(probe, { cwd })
    expect(await program.exit()).toEqual({ code: 2, signal: null })
    expect(program.stderr.lines).toEqual([expect.stringMatching(/^error: no password in secret/)])
  })
})
