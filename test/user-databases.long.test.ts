import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { completeSettings, RelayUsers, type SettingsInput } from 'msrp-relay'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mariadbPool } from '../packages/relay/src/users/mariadb-pool.ts'
import { postgresqlPool } from '../packages/relay/src/users/postgresql-pool.ts'
import { describeUserBackend, suiteHa1, suiteUsers } from '../packages/relay/test/users/user-backend-suite.ts'
import {
  addSubscriber,
  createSubscribers,
  type DatabaseServer,
  postgresqlFolder,
  startDatabase,
} from './support/database-server.ts'
import { newAuthority } from './support/relay.ts'
import { findProgram } from './support/requires.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'

// Users in the tables of SIP proxies, in the real servers from Debian's packages.

type Kind = DatabaseServer['kind']
type UserInput = NonNullable<SettingsInput['users']>

const kinds: readonly Kind[] = ['postgresql', 'mariadb']
const installed: Readonly<Record<Kind, boolean>> = {
  postgresql: postgresqlFolder() !== undefined,
  mariadb: findProgram('mariadbd') !== undefined,
}

describe.each(kinds)('%s', (kind) => {
  if (!installed[kind]) {
    const hint = `${kind} not installed (Debian: apt-get install ${kind === 'mariadb' ? 'mariadb-server' : kind})`
    test('works', (context) => context.skip(hint))
    return
  }

  let server: DatabaseServer

  beforeAll(async () => {
    server = await startDatabase(kind)
    await createSubscribers(server, 'kamailio')
    await createSubscribers(server, 'opensips', 'opensips_subscriber')
    await createSubscribers(server, 'kamailio', 'cleartext')
    await createSubscribers(server, 'opensips', 'opensips_cleartext')
    for (const [index, user] of suiteUsers.entries()) {
      const name = { username: user.username, domain: user.realm }
      // Kamailio's tools write small letters, other people's capital ones.
      const ha1 = index % 2 === 0 ? suiteHa1(user) : suiteHa1(user).toUpperCase()
      await addSubscriber(server, { ...name, ha1, ha1b: '0'.repeat(32) })
      const both = { ha1, ha1_sha256: suiteHa1(user, 'sha-256'), ha1_sha512t256: 'f'.repeat(64) }
      await addSubscriber(server, { ...name, ...both }, 'opensips_subscriber')
      for (const table of ['cleartext', 'opensips_cleartext']) {
        await addSubscriber(server, { ...name, password: user.password }, table)
      }
    }
  }, 120_000)

  const keys = (): UserInput['sql'] => ({
    port: server.port,
    name: server.database,
    user: server.reader.user,
    password: server.reader.password,
  })

  const uri = (host = '127.0.0.1'): string => {
    const { user, password } = server.reader
    const scheme = kind === 'mariadb' ? 'mysql' : 'postgresql'
    return `${scheme}://${user}:${encodeURIComponent(password)}@${host}:${server.port}/${server.database}`
  }

  const open = async (users: UserInput): Promise<RelayUsers> =>
    RelayUsers.open(completeSettings({ stateFolder: temporaryFolderOfFile(), users: { backend: kind, ...users } }))

  const backend = async (users: UserInput) => {
    const opened = await open({ cache: { ttl: 0, unknownTtl: 0 }, ...users })
    return {
      description: `users of ${kind}`,
      ha1: (...user: Parameters<RelayUsers['ha1']>) => opened.ha1(...user) as Promise<string | undefined>,
      check: async () => void (await opened.ha1('nobody', 'invalid', 'md5')),
      close: () => opened.close(),
    }
  }

  describeUserBackend("in Kamailio's table", () => backend({ sql: keys() }), { algorithms: ['md5'] })
  describeUserBackend('in the table of OpenSIPS', () =>
    backend({ sql: keys(), table: { name: 'opensips_subscriber', ha1Sha256: 'ha1_sha256' } }),
  )
  describeUserBackend('in the clear', () => backend({ sql: keys(), table: { name: 'cleartext', cleartext: true } }))
  describeUserBackend('in the clear, in columns that are filled up with blanks', () =>
    backend({ sql: keys(), table: { name: 'opensips_cleartext', cleartext: true } }),
  )

  describe('is reached', () => {
    const [alice] = suiteUsers
    const knowsAlice = async (sql: UserInput['sql']): Promise<void> => {
      const users = await open({ sql })
      onTestFinished(() => users.close())
      expect(await users.ha1('alice', 'example.com', 'md5')).toBe(suiteHa1(alice!))
    }
    const problem = async (users: UserInput): Promise<{ code: string; message: string }> => {
      const opened = await open(users)
      onTestFinished(() => opened.close())
      return opened.ha1('alice', 'example.com', 'md5').then(
        () => ({ code: 'none', message: 'it was answered' }),
        (error) => error,
      )
    }

    test('by a URI, password and all', () => knowsAlice({ uri: uri() }))
    test('over its unix socket', () => knowsAlice({ ...keys(), socket: server.socket }))
    test('with TLS, when its certificate is of the authority and for the host', () =>
      knowsAlice({ uri: uri('localhost'), tls: 'verify', ca: server.ca }))
    test('with TLS whatever its certificate is, when that is said', () => knowsAlice({ ...keys(), tls: 'unverified' }))

    test('not when its certificate is of another authority', async () => {
      const ca = join(temporaryFolder(), 'ca.pem')
      writeFileSync(ca, (await newAuthority()).certificate)
      const error = await problem({ sql: { uri: uri('localhost'), tls: 'verify', ca } })
      expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/certificate|self-signed/) })
    })

    test('not when its certificate is for another name', async () => {
      const users = { sql: { ...keys(), tls: 'verify', ca: server.ca } } as const
      if (kind === 'mariadb') {
        // Its driver cannot hold a certificate against an address, and says nothing: so the settings are refused.
        await expect(open(users)).rejects.toMatchObject({ code: 'invalid-argument' })
        return
      }
      const error = await problem(users)
      expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/does not match/i) })
    })

    test.each<[string, () => UserInput, RegExp]>([
      ['password', () => ({ sql: { ...keys(), password: 'wrong' } }), /password|denied/i],
      ['database', () => ({ sql: { ...keys(), name: 'nowhere' } }), /nowhere/],
      ['table', () => ({ sql: keys(), table: { name: 'nothing' } }), /nothing/],
      ['column', () => ({ sql: keys(), table: { ha1: 'no_ha1' } }), /no_ha1/],
    ])('not with a wrong %s: that is told, without the password', async (_, users, expected) => {
      const error = await problem(users())
      expect(error).toMatchObject({ code: 'storage', message: expect.stringMatching(expected) })
      expect(error.message).toMatch(
        /^(PostgreSQL|MariaDB) at 127\.0\.0\.1:\d+, database \w+ does not let the users be read: /,
      )
      expect(error.message).not.toContain(server.reader.password)
    })

    test('not where it has no rights', async () => {
      await server.run('CREATE TABLE locked (username VARCHAR(64), domain VARCHAR(64), ha1 VARCHAR(64))')
      const error = await problem({ sql: keys(), table: { name: 'locked' } })
      expect(error).toMatchObject({ code: 'storage', message: expect.stringMatching(/denied/) })
    })
  })

  test('with names of table and columns that have to be quoted', async () => {
    const quoted = (name: string): string => (kind === 'mariadb' ? `\`${name}\`` : `"${name}"`)
    const columns = ['the user', 'select', 'H"A`1'].map((name) =>
      quoted(name.replace(kind === 'mariadb' ? '`' : '"', '$&$&')),
    )
    await server.run(`CREATE TABLE ${quoted('My Users')} (${columns.map((name) => `${name} VARCHAR(64)`).join(', ')})`)
    await server.run(`INSERT INTO ${quoted('My Users')} VALUES ('alice', 'example.com', '${suiteHa1(suiteUsers[0]!)}')`)
    const reader = kind === 'mariadb' ? `${server.reader.user}@'%'` : server.reader.user
    await server.run(`GRANT SELECT ON ${quoted('My Users')} TO ${reader}`)
    const table = { name: 'My Users', username: 'the user', domain: 'select', ha1: 'H"A`1' }
    const users = await open({ sql: keys(), table })
    onTestFinished(() => users.close())
    expect(await users.ha1('alice', 'example.com', 'md5')).toBe(suiteHa1(suiteUsers[0]!))
  })

  test('without a column of the domain, when each user is there once', async () => {
    const users = await open({ sql: keys(), table: { domain: '' } })
    onTestFinished(() => users.close())
    const once = suiteUsers[2]!
    expect(await users.ha1(once.username, once.realm, 'md5')).toBe(suiteHa1(once))
    await expect(users.ha1('alice', 'example.com', 'md5')).rejects.toMatchObject({ code: 'storage' })
  })

  describe('out of order', () => {
    const down = { code: expect.stringMatching(/unreachable|timeout/) }
    const ask = (users: RelayUsers) => users.ha1('alice', 'example.com', 'md5')
    const opened = async (sql: UserInput['sql'] = {}): Promise<RelayUsers> => {
      const users = await open({ sql: { ...keys(), ...sql }, cache: { ttl: 0, unknownTtl: 0 } })
      onTestFinished(() => users.close())
      return users
    }
    const right = suiteHa1(suiteUsers[0]!)

    test.each(['in order', 'crash'] as const)('(%s) rejects, and is asked again when it is back', async (how) => {
      const users = await opened()
      await Promise.all(Array.from({ length: 8 }, () => ask(users)))
      await server.stop(how)
      for (let count = 0; count < 3; count++) await expect(ask(users)).rejects.toMatchObject(down)
      await server.start()
      // Not one look-up fails for connections that the pool still had.
      expect(await Promise.all(Array.from({ length: 8 }, () => ask(users)))).toEqual(Array(8).fill(right))
    })

    test('a connection that was taken and breaks before anything was asked breaks nothing else', async () => {
      const { user, password } = server.reader
      const address = { host: '127.0.0.1', port: server.port, database: server.database, user, password }
      const open = kind === 'postgresql' ? postgresqlPool : mariadbPool
      const pool = open(address, { connections: 2, connectTime: 5, tls: undefined })
      const [used, taken] = [await pool.connect(), await pool.connect()]
      await used.query('SELECT 1', [])
      // What a driver throws where nobody catches it fails this test.
      await server.stop()
      await server.start()
      for (const connection of [used, taken]) {
        const error: unknown = await connection.query('SELECT 1', []).catch((caught: unknown) => caught)
        expect(pool.meaning(error)).toBe('lost')
        connection.destroy()
      }
      const fresh = await pool.connect()
      await fresh.query('SELECT 1', [])
      fresh.release()
      await pool.end()
    })

    test('restarted in between is not noticed by whoever asks next', async () => {
      const users = await opened()
      await Promise.all(Array.from({ length: 8 }, () => ask(users)))
      await server.stop()
      await server.start()
      expect(await ask(users)).toBe(right)
    })

    test('hanging rejects in time, closes, and serves when it goes on', async () => {
      const users = await opened({ connectTime: 1, queryTime: 1 })
      const fresh = await opened({ connectTime: 1, queryTime: 1 })
      const leaving = await opened({ connectTime: 1, queryTime: 1 })
      expect([await ask(users), await ask(leaving)]).toEqual([right, right])
      server.freeze()
      const began = performance.now()
      const asked = [...Array(8)].map(() => ask(users)).concat([ask(fresh)])
      for (const question of asked) await expect(question).rejects.toMatchObject(down)
      await leaving.close()
      expect(performance.now() - began).toBeLessThan(10_000)
      server.thaw()
      await expect.poll(() => ask(users).catch(() => 'not yet'), { timeout: 10_000 }).toBe(right)
      expect(await ask(fresh)).toBe(right)
    })
  })
})

test('what listens there and is no database rejects in time', async () => {
  const mute = createServer((socket) => socket.on('error', () => {}))
  mute.listen(0, '127.0.0.1')
  onTestFinished(() => void mute.close())
  await delay(0)
  const { port } = mute.address() as { port: number }
  for (const backend of kinds) {
    const sql = { port, name: 'x', user: 'x', connectTime: 1 }
    const users = await RelayUsers.open(completeSettings({ stateFolder: temporaryFolder(), users: { backend, sql } }))
    await expect(users.ha1('alice', 'example.com', 'md5')).rejects.toMatchObject({
      message: expect.stringContaining('1'),
    })
    await users.close()
  }
})
