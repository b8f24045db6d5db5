import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatUserAddress, openUsers } from 'msrp-relay'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Program, startMsrp } from './support/process.ts'
import { configText, type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// `msrp relay user` beside a relay that runs: every change counts from the next AUTH on, without a restart.

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

describe('a user', () => {
  test('who is added with a password from standard input can log in at once, and could not before', async () => {
    const carol = { username: 'carol', password: 'correct horse' }
    expect(await statusOf(carol)).toBe(401)
    await succeeds(relay.user(['add', 'carol@localhost'], 'correct horse\n'))
    expect(await statusOf(carol)).toBe(200)
    expect(await statusOf({ ...carol, password: 'correct horse\n' })).toBe(401)
    expect(await names()).toContain('carol@localhost')
  })

  test('who is added with a generated password finds it in a file of mode 0600, and nowhere else', async () => {
    const command = relay.user(['add', 'dave@localhost', '--generate'])
    await succeeds(command)
    const file = join(relay.stateFolder, 'dave@localhost.password')
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    const password = readFileSync(file, 'utf8').trim()
    expect(password.length).toBeGreaterThanOrEqual(16)
    expect(command.stderr.text).toContain(file)
    expect(command.stdout.text + command.stderr.text + relay.program.stderr.text).not.toContain(password)
    expect(await statusOf({ username: 'dave', password })).toBe(200)
  })

  test('who is added with a password from a file can log in, however strange the characters', async () => {
    const file = join(temporaryFolder(), 'password')
    const password = 'pass: "wörd" \\ 日本語 $(reboot) \''
    writeFileSync(file, `${password}\n`, { mode: 0o600 })
    await succeeds(relay.user(['add', 'erin@localhost', '--password-file', file]))
    expect(await statusOf({ username: 'erin', password })).toBe(200)
  })

  test('who gets another password is refused with the old one, also where a session is to be extended', async () => {
    const frank = await relay.addUser('frank')
    const client = await relay.login(frank)
    await succeeds(relay.user(['passwd', 'frank@localhost'], 'another one\n'))
    const toPath = [client.token]
    expect((await client.authenticate(frank, { toPath })).head.status).toBe(401)
    expect((await client.authenticate({ ...frank, password: 'another one' }, { toPath })).head.status).toBe(200)
    expect(await statusOf(frank)).toBe(401)
  })

  test('who is removed is refused from then on, while what is under way goes on', async () => {
    const grace = await relay.addUser('grace')
    const client = await relay.login(grace)
    await succeeds(relay.user(['remove', 'grace@localhost']))
    expect(await names()).not.toContain('grace@localhost')
    expect(await statusOf(grace)).toBe(401)
    expect((await client.authenticate(grace, { toPath: [client.token] })).head.status).toBe(401)
    const peer = await relay.connect()
    expect((await peer.response(peer.send(client.path, 'hello'))).head.status).toBe(200)
  })

  test('is one of one domain: the same name elsewhere neither helps nor harms', async () => {
    await succeeds(relay.user(['add', 'heidi@elsewhere.example'], 'correct horse\n'))
    expect(await statusOf({ username: 'heidi', password: 'correct horse' })).toBe(401)
    await succeeds(relay.user(['add', 'alice@elsewhere.example'], 'correct horse\n'))
    expect(await statusOf({ username: 'alice', password: 'correct horse' })).toBe(401)
    expect(await statusOf(relay.alice)).toBe(200)
  })

  test('stands in the list, for people and for programs', async () => {
    const list = relay.user(['list'])
    await succeeds(list)
    expect(list.stdout.lines).toContainEqual(expect.stringMatching(/^alice@localhost +since \d{4}-\d\d-\d\d$/))
    const forPrograms = relay.user(['list', '--json'])
    await succeeds(forPrograms)
    expect(forPrograms.stdout.json).toContainEqual({
      event: 'user',
      user: 'alice@localhost',
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
  })
})

describe('the user database', () => {
  test('holds no password, in whatever form', async () => {
    await succeeds(relay.user(['add', 'ivan@localhost'], 'Tr0ub4dor&3\n'))
    const files = readdirSync(relay.stateFolder).filter((name) => name.startsWith('users.sqlite'))
    const stored = files.map((name) => readFileSync(join(relay.stateFolder, name), 'latin1')).join('')
    expect(stored).toContain('ivan')
    expect(stored).not.toContain('Tr0ub4dor')
    expect(stored).not.toContain(relay.alice.password)
    expect(stored).not.toContain(Buffer.from('Tr0ub4dor&3').toString('base64').replace(/=+$/, ''))
  })

  test('takes changes of several commands at a time', async () => {
    const added = ['one', 'two', 'three', 'four'].map((name) => `${name}@localhost`)
    await Promise.all(added.map((name) => succeeds(relay.user(['add', name], 'correct horse\n'))))
    expect(await names()).toEqual(expect.arrayContaining(added))
    expect(await statusOf({ username: 'three', password: 'correct horse' })).toBe(200)
  })

  test('can be filled before the relay ever ran', async () => {
    const folder = temporaryFolder()
    const config = join(folder, 'relay.toml')
    writeFileSync(config, configText({ settings: { users: { database: 'people.sqlite' } } }, 'state'))
    await succeeds(startMsrp(['relay', 'user', 'add', 'judy@localhost', '--config', config], { input: 'secret one\n' }))
    const list = startMsrp(['relay', 'user', 'list', '--config', config])
    await succeeds(list)
    expect(list.stdout.lines).toEqual([expect.stringMatching(/^judy@localhost /)])
  })

  test('that the settings name and nobody has made keeps the relay from starting', async () => {
    const folder = temporaryFolder()
    const config = join(folder, 'relay.toml')
    writeFileSync(config, configText({ settings: { users: { database: 'missing.sqlite' } } }, 'state'))
    const start = startMsrp(['relay', '--config', config])
    expect((await start.exit()).code).toBe(4)
    expect(start.stderr.lines).toEqual([expect.stringContaining(join(folder, 'missing.sqlite'))])
  })
})

describe('a command that cannot be carried out says so in one line, and changes nothing', () => {
  test.each([
    ['a user who exists already is added', ['add', 'alice@localhost'], 'alice@localhost exists'],
    ['a user who does not exist is removed', ['remove', 'nobody@localhost'], 'nobody@localhost'],
    ['a user who does not exist gets a password', ['passwd', 'nobody@localhost'], 'nobody@localhost'],
    ['a name has no domain', ['add', 'nobody'], 'nobody'],
    ['a name has a domain that is none', ['add', 'nobody@local host'], 'local host'],
    ['a password is an argument', ['add', 'nobody@localhost', 'hunter2'], ''],
    ['a password is an option', ['add', 'nobody@localhost', '--password', 'hunter2'], '--password'],
    ['a password is to be generated and read', ['add', 'nobody@localhost', '--generate', '--password-file', 'x'], ''],
  ])('when %s', async (_, args, named) => {
    const before = await names()
    const command = relay.user(args, 'correct horse\n')
    expect(await command.exit(), command.describe()).toEqual({ code: 2, signal: null })
    expect(command.stderr.lines).toEqual([expect.stringMatching(/^error: /)])
    expect(command.stderr.text).toContain(named)
    expect(await names()).toEqual(before)
  })

  test.each([
    ['there is no password on standard input', 2, ['add', 'nobody@localhost'], ''],
    ['the password is empty', 2, ['add', 'nobody@localhost'], '\n'],
    ['the file of the password is missing', 3, ['add', 'nobody@localhost', '--password-file', '/nowhere/x'], ''],
  ])('when %s', async (_, code, args, input) => {
    const command = relay.user(args, input)
    expect(await command.exit(), command.describe()).toEqual({ code, signal: null })
    expect(command.stderr.lines).toEqual([expect.stringMatching(/^error: /)])
    expect(await names()).not.toContain('nobody@localhost')
  })
})

/** How the relay answers an AUTH now. */
async function statusOf(user: Pick<RelayUser, 'username' | 'password'>): Promise<number> {
  const client = await relay.connect()
  const { head } = await client.authenticate(user, { toPath: [relay.uri] })
  client.destroy()
  return head.status
}

async function names(): Promise<string[]> {
  await using users = await openUsers(join(relay.stateFolder, 'users.sqlite'))
  return (await users.list()).map(formatUserAddress)
}

async function succeeds(command: Program): Promise<void> {
  expect(await command.exit(), command.describe()).toEqual({ code: 0, signal: null })
}
