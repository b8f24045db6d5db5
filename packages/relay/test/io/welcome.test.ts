import { execFileSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { shellWord, type WelcomeFacts, type WelcomeStyle, welcome } from '../../src/io/index.ts'

const facts: WelcomeFacts = {
  name: 'localhost',
  port: 2855,
  listeners: [
    { host: '127.0.0.1', port: 2855, transport: 'tls' },
    { host: '::1', port: 2855, transport: 'tls' },
  ],
  stateFolder: '/src/msrp/state',
  authorityFile: '/src/msrp/state/ca.pem',
  tryout: [
    { address: 'alice@localhost', passwordFile: '/src/msrp/state/alice.password' },
    { address: 'bob@localhost', passwordFile: '/src/msrp/state/bob.password' },
  ],
}
const style: WelcomeStyle = { currentFolder: '/src/msrp', command: 'npx msrp', colour: false }

const commands = (text: string, command = style.command): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(command))

/** The words of a command line, as a real shell sees them. */
const words = (line: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')

test('the welcome says where the relay listens, where its state is, and what to try', () => {
  expect(welcome(facts, style)).toMatchInlineSnapshot(`
    "MSRP relay msrps://localhost:2855;tcp
      listens on  tls 127.0.0.1:2855, tls [::1]:2855
      state in    state

    Try it with two more terminals in this folder.

    Send a file   the receiver first; the --to '…' that it prints replaces --to 'PATH' for the sender
      npx msrp receive --dir received --relay 'msrps://localhost:2855;tcp' --user bob@localhost --password-file state/bob.password --ca state/ca.pem
      npx msrp send FILE --relay 'msrps://localhost:2855;tcp' --user alice@localhost --password-file state/alice.password --ca state/ca.pem --to 'PATH'

    Chat          the same way
      npx msrp chat --relay 'msrps://localhost:2855;tcp' --user bob@localhost --password-file state/bob.password --ca state/ca.pem
      npx msrp chat --relay 'msrps://localhost:2855;tcp' --user alice@localhost --password-file state/alice.password --ca state/ca.pem --to 'PATH'

    Ctrl-C stops the relay.
    "
  `)
})

describe('the commands', () => {
  test('are what a shell takes apart into the words that were meant', () => {
    const [receive, send, ...chat] = commands(welcome(facts, style)).map(words)
    const as = (name: string): string[] => [
      ...['--relay', 'msrps://localhost:2855;tcp', '--user', `${name}@localhost`],
      ...['--password-file', `state/${name}.password`, '--ca', 'state/ca.pem'],
    ]
    expect(receive).toEqual(['npx', 'msrp', 'receive', '--dir', 'received', ...as('bob')])
    expect(send).toEqual(['npx', 'msrp', 'send', 'FILE', ...as('alice'), '--to', 'PATH'])
    expect(chat).toEqual([
      ['npx', 'msrp', 'chat', ...as('bob')],
      ['npx', 'msrp', 'chat', ...as('alice'), '--to', 'PATH'],
    ])
  })

  test('have whole paths for files outside the current folder, quoted where a shell wants it', () => {
    const text = welcome(
      {
        ...facts,
        stateFolder: "/home/o'hara/my state",
        authorityFile: "/home/o'hara/my state/ca.pem",
        tryout: facts.tryout.map(({ address }) => ({ address, passwordFile: "/home/o'hara/my state/p" })),
      },
      { currentFolder: '/home', command: 'msrp', colour: false },
    )
    expect(text).toContain("state in    o'hara/my state")
    const [receive = []] = commands(text, 'msrp').map(words)
    expect(receive.slice(-2)).toEqual(['--ca', "o'hara/my state/ca.pem"])
    const [elsewhere = []] = commands(welcome(facts, { ...style, currentFolder: '/src/msrp/state/x' })).map(words)
    expect(elsewhere.slice(-2)).toEqual(['--ca', '/src/msrp/state/ca.pem'])
  })

  test('are for this folder when they would not work in another one', () => {
    const [clone, inside, outside] = [
      welcome(facts, { ...style, currentFolder: '/' }),
      welcome(facts, { ...style, command: 'msrp' }),
      welcome(facts, { ...style, command: 'msrp', currentFolder: '/home' }),
    ]
    expect(clone).toContain('two more terminals in this folder.')
    expect(inside).toContain('two more terminals in this folder.')
    expect(outside).toContain('two more terminals.')
  })

  test('leave out the password file of a user who has another password, and --ca where clients know the authority', () => {
    const [receive = []] = commands(
      welcome(
        { ...facts, authorityFile: undefined, tryout: [{ address: 'alice@localhost' }, { address: 'bob@localhost' }] },
        style,
      ),
    ).map(words)
    expect(receive).toEqual([
      'npx',
      'msrp',
      'receive',
      '--dir',
      'received',
      '--relay',
      'msrps://localhost:2855;tcp',
      '--user',
      'bob@localhost',
    ])
  })

  test('have a placeholder where there is no such user', () => {
    const [receive, send] = commands(welcome({ ...facts, tryout: facts.tryout.slice(0, 1) }, style))
    expect(receive).toContain('--user NAME@DOMAIN')
    expect(send).toContain('--user alice@localhost')
    expect(commands(welcome({ ...facts, tryout: [] }, style))[1]).toContain('--user NAME@DOMAIN')
  })

  test('name the relay by its advertised name and port', () => {
    const listeners = [
      { host: '0.0.0.0', port: 2856, transport: 'tcp' },
      { host: '0.0.0.0', port: 9855, transport: 'tls' },
    ] as const
    const text = welcome({ ...facts, name: 'relay.example.com', port: 9855, listeners }, style)
    expect(text).toContain("--relay 'msrps://relay.example.com:9855;tcp'")
    expect(text).toContain('tcp 0.0.0.0:2856, tls 0.0.0.0:9855')
    expect(welcome({ ...facts, name: '::1' }, style)).toContain("--relay 'msrps://[::1]:2855;tcp'")
  })
})

test('colour comes only when asked for, and changes nothing else', () => {
  const coloured = welcome(facts, { ...style, colour: true })
  expect(coloured).toContain('\u001b[1m')
  expect(welcome(facts, style)).not.toContain('\u001b')
  expect(stripVTControlCharacters(coloured)).toBe(welcome(facts, style))
})

test.each([
  'plain',
  'msrps://localhost:2855;tcp',
  "o'hara",
  '$HOME `x` "y" \\z',
  'two  spaces',
  '*',
  '~',
  '#',
  '-',
  '',
  'jörg@example.com',
])('the shell word for %j is that word again', (word) => {
  expect(execFileSync('sh', ['-c', `printf '%s' ${shellWord(word)}`], { encoding: 'utf8' })).toBe(word)
})
