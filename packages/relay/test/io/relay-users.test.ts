import { nodeHash } from 'msrp/node'
import { ha1 } from 'msrp/wire'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { completeSettings, type SettingsInput } from '../../src/config/index.ts'
import { examine } from '../../src/io/index.ts'
import { RelayUsers } from '../../src/io/relay-users.ts'
import { openRelayUsers } from '../../src/io/user-database.ts'
import { createEphemeralCredentials } from '../../src/users/index.ts'
import { WebService } from '../users/web-service.ts'

const SECRET = 'a secret of the test'
const folder = (): string => temporaryFolder()

function settings(input: SettingsInput) {
  return completeSettings({ stateFolder: folder(), listen: [{ host: '127.0.0.1', port: 0 }], ...input })
}

async function open(input: SettingsInput): Promise<RelayUsers> {
  const users = await RelayUsers.open(settings(input))
  onTestFinished(() => users.close())
  return users
}

const listed = (...names: string[]): SettingsInput => ({
  users: { backend: 'list', list: names.map((name) => ({ user: `${name}@localhost`, password: name })) },
})
const ask = (users: RelayUsers, name: string) => users.ha1(name, 'localhost', 'md5')
const right = (name: string, password = name) => ha1(nodeHash, 'md5', name, 'localhost', password)

/** A log that keeps its lines. */
function keeping() {
  const lines: string[] = []
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  }
  return { lines, log: { debug: keep('debug'), info: keep('info'), warn: keep('warn') } }
}

test('other settings have other users at once; the old ones are gone', async () => {
  const users = await open(listed('alice'))
  expect([await ask(users, 'alice'), await ask(users, 'bob')]).toEqual([right('alice'), undefined])
  await users.reconfigure(settings(listed('bob')))
  expect([await ask(users, 'alice'), await ask(users, 'bob')]).toEqual([undefined, right('bob')])
  expect(users.counters).toEqual({ queries: 4, failures: 0, hits: 0 })
})

test('settings that cannot be followed leave everything as it was', async () => {
  const users = await open(listed('alice'))
  const wrong = settings({
    users: { backend: 'http', http: { url: 'https://accounts.example.com/', ca: '/nowhere/ca.pem' } },
  })
  await expect(users.reconfigure(wrong)).rejects.toMatchObject({ code: 'storage' })
  expect(await ask(users, 'alice')).toBe(right('alice'))
})

test('a file that stays the same stays open, and one that is left is closed', async () => {
  const stateFolder = folder()
  const users = await RelayUsers.open(settings({ stateFolder }))
  const { database } = users
  await database!.add({ username: 'carol', domain: 'localhost', password: 'carol' })
  await users.reconfigure(settings({ stateFolder }))
  expect(users.database).toBe(database)
  expect(await ask(users, 'carol')).toBe(right('carol'))
  await users.reconfigure(settings(listed('alice')))
  expect(users.database).toBeUndefined()
  await expect.poll(() => database!.list().catch((error) => error.code)).toBe('storage')
})

test('what was remembered is forgotten with a reload, and a look-up under way ends as it began', async () => {
  let asked = 0
  const service = await WebService.start(() => {
    asked++
    return { status: 200, body: JSON.stringify({ ha1: '0'.repeat(32) }) }
  })
  onTestFinished(() => service[Symbol.asyncDispose]())
  const web: SettingsInput = { users: { backend: 'http', http: { url: service.url } } }
  const users = await open(web)
  for (let count = 0; count < 3; count++) await ask(users, 'alice')
  expect(asked).toBe(1)
  await users.reconfigure(settings(web))
  const pending = ask(users, 'alice')
  await users.reconfigure(settings(listed('alice')))
  expect(await pending).toBe('0'.repeat(32))
  expect(await ask(users, 'alice')).toBe(right('alice'))
})

test('the log tells once that the database is out of order, and once that it is back', async () => {
  const service = await WebService.start(() => ({ status: 500 }))
  onTestFinished(() => service[Symbol.asyncDispose]())
  const users = await open({ users: { backend: 'http', http: { url: service.url }, cache: { ttl: 0, unknownTtl: 0 } } })
  const { lines, log } = keeping()
  users.watch(log)
  for (let count = 0; count < 3; count++) await expect(ask(users, 'alice')).rejects.toThrow('answered 500')
  service.answering = () => ({ status: 404 })
  for (let count = 0; count < 3; count++) await ask(users, 'alice')
  expect(lines).toEqual([
    expect.stringMatching(/^warn the user database cannot be asked; AUTH is refused until it can .*answered 500/),
    expect.stringMatching(/^info the user database answers again /),
  ])
})

test('ephemeral credentials are taken beside users, or alone', async () => {
  for (const users of [listed('alice').users, { backend: 'none' } as const]) {
    const opened = await open({ users, ephemeralCredentials: { secrets: [SECRET] } })
    const { username, password } = createEphemeralCredentials({ secret: SECRET, user: 'carol', ttl: 60 })
    expect(await ask(opened, username)).toContain(right(username, password))
    expect(opened.account(username, 'localhost')).toBe('carol@localhost')
    expect(opened.ephemeral?.verify(username, password, Date.now())).toMatchObject({ user: 'carol' })
  }
  expect((await open(listed('alice'))).ephemeral).toBeUndefined()
})

test.each<[string, SettingsInput, RegExp]>([
  ['no name of the database', { users: { backend: 'postgresql', sql: { user: 'x' } } }, /users\.sql\.name is missing/],
  ['no user', { users: { backend: 'mariadb', sql: { name: 'x' } } }, /users\.sql\.user is missing/],
  [
    'a URI of another kind',
    { users: { backend: 'mariadb', sql: { uri: 'postgres://u:hidden@h/d' } } },
    /users\.sql\.uri begins with postgres:/,
  ],
  [
    'a URI with parameters',
    { users: { backend: 'mariadb', sql: { uri: 'mysql://u:hidden@h/d?ssl=1' } } },
    /users\.sql\.uri has parameters/,
  ],
  ['a URI that is none', { users: { backend: 'mariadb', sql: { uri: 'hidden' } } }, /users\.sql\.uri cannot be read/],
  [
    'an address whose certificate is not looked at',
    { users: { backend: 'mariadb', sql: { uri: 'mysql://u@192.0.2.1/d' } } },
    /users\.sql\.host has to be the host name/,
  ],
  ['no URL', { users: { backend: 'http' } }, /users\.http\.url is missing/],
  [
    'http: to another machine',
    { users: { backend: 'http', http: { url: 'http://192.0.2.1/' } } },
    /users\.http\.url must not be http/,
  ],
  [
    'a user without password',
    { users: { backend: 'list', list: [{ user: 'a@b' }] } },
    /users\.list\[0\]\.user has neither/,
  ],
  ['a user that is there twice', listed('alice', 'alice'), /users\.list\[1\]\.user is there twice/],
  [
    'H(A1) that is none',
    { users: { backend: 'list', list: [{ user: 'a@b', ha1: 'hidden' }] } },
    /users\.list\[0\]\.user cannot be: that is not H\(A1\)/,
  ],
  ['nobody at all', { users: { backend: 'none' } }, /users\.backend leaves nobody/],
  [
    'a weak secret',
    { ephemeralCredentials: { secrets: [SECRET, 'hidden'] } },
    /ephemeral_credentials\.secrets\[1\] has less than 16/,
  ],
  ['a backend that is none', { users: { backend: 'ldap' as never } }, /users\.backend must be/],
])('settings with %s are refused, and show no secret', (_, input, expected) => {
  expect(() => settings(input)).toThrow(expected)
  expect(() => settings(input)).not.toThrow(/hidden/)
})

test.each(['postgresql', 'mariadb', 'http', 'list', 'none'] as const)(
  'users of the backend %s are not changed here, and it is said where',
  async (backend) => {
    const input: SettingsInput = {
      users: { backend, sql: { name: 'x', user: 'x' }, http: { url: 'https://h/' } },
      ephemeralCredentials: { secrets: [SECRET] },
    }
    const refused = openRelayUsers(settings(input))
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(new RegExp(`^users.backend is "${backend}": .*(changed there|credentials)`)),
    })
    // And a database that is not there is nothing wrong with a configuration.
    expect(await examine(settings(input))).toEqual([])
  },
)

test('a file that the settings of a backend name and that is missing is told before the start', async () => {
  const input: SettingsInput = {
    users: { backend: 'postgresql', sql: { name: 'x', user: 'x', host: 'h', ca: '/no/ca.pem' } },
  }
  expect(await examine(settings(input))).toMatchObject([{ path: ['users'], code: 'storage' }])
})
