import { readFileSync } from 'node:fs'
import { nodeHash } from 'msrp/node'
import { ha1 } from 'msrp/wire'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  addSubscriber,
  createSubscribers,
  type DatabaseServer,
  postgresqlFolder,
  startDatabase,
} from './support/database-server.ts'
import { startMsrp } from './support/process.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { findProgram } from './support/requires.ts'

// A relay process whose users are in a database that is stopped, killed, and started again, while people log in.

const USERS = 40
const kinds = ['postgresql', 'mariadb'] as const
const installed = {
  postgresql: postgresqlFolder() !== undefined,
  mariadb: findProgram('mariadbd') !== undefined,
}

/** What became of one attempt to log in. `temporary`: 403 with the comment, and then the end of the connection. */
type Outcome = 'in' | 'temporary' | 'other'

describe.each(kinds)('a relay with %s', (kind) => {
  let server: DatabaseServer

  beforeEach((context) => {
    if (!installed[kind]) context.skip(`${kind} not installed (Debian: apt-get install postgresql mariadb-server)`)
  })

  beforeAll(async () => {
    if (!installed[kind]) return
    server = await startDatabase(kind)
    await createSubscribers(server, 'kamailio')
    for (let number = 0; number < USERS; number++) {
      const user = userOf(number)
      const hashed = ha1(nodeHash, 'md5', user.username, 'localhost', user.password)
      await addSubscriber(server, { username: user.username, domain: 'localhost', ha1: hashed })
    }
  }, 120_000)

  async function start(cache: { ttl: number; unknown_ttl: number }): Promise<TestRelay> {
    const { port, database, reader } = server
    return startRelay({
      settings: {
        users: { backend: kind },
        'users.cache': cache,
        'users.sql': {
          ...{ host: '127.0.0.1', port, name: database, user: reader.user, connect_time: 2, query_time: 2 },
          'password.env': 'DATABASE_PASSWORD',
        },
        limits: { connections_per_address: 5000 },
      },
      env: { DATABASE_PASSWORD: reader.password },
    })
  }

  test('is there without the database, refuses for the time being, closes, and recovers by itself', async () => {
    await server.stop()
    const relay = await start({ ttl: 0, unknown_ttl: 0 })
    await relay.program.stderr.line(/the user database cannot be asked; AUTH is refused until it can/)
    expect(await attempt(relay, userOf(0))).toBe('temporary')
    await server.start()
    expect(await attempt(relay, userOf(0))).toBe('in')
    await relay.program.stderr.line(/the user database answers again/)

    // A session that is there outlives the fault, and is extended afterwards.
    const held = await relay.login({ ...userOf(1), address: 'user1@localhost', passwordFile: '' })
    await server.stop('crash')
    expect(await attempt(relay, userOf(1))).toBe('temporary')
    expect((await held.authenticate(userOf(1), { toPath: [held.token] })).head.status).toBe(403)
    const peer = await relay.connect()
    expect((await peer.response(peer.send(held.path, 'hello'))).head.status).toBe(200)
    await server.start()
    expect((await held.authenticate(userOf(1), { toPath: [held.token] })).head.status).toBe(200)
    expect(await attempt(relay, { ...userOf(1), password: 'wrong' })).toBe('other')

    const lines = relay.program.stderr.text
    expect(lines).not.toContain(server.reader.password)
    expect(lines).not.toContain(ha1(nodeHash, 'md5', 'user0', 'localhost', userOf(0).password))
    expect(readFileSync(`/proc/${relay.program.pid}/cmdline`, 'utf8')).not.toContain(server.reader.password)
  })

  test('tells our own client that it is a passing fault', async () => {
    await server.stop()
    const relay = await start({ ttl: 0, unknown_ttl: 0 })
    const { username, password } = userOf(0)
    const user = ['--relay', relay.uri, '--user', `${username}@localhost`, '--ca', relay.ca]
    const client = startMsrp(['receive', ...user, '--count', '1'], { env: { MSRP_PASSWORD: password } })
    expect(await client.exit()).toEqual({ code: 11, signal: null })
    expect(client.stderr.text).toMatch(/refused AUTH: 403 credentials cannot be checked at the moment, try again later/)
    await server.start()
  })

  test('stopped and started under a login load lets in or refuses for the time being, and nothing else', async () => {
    const relay = await start({ ttl: 0, unknown_ttl: 0 })
    const counts: Record<string, Record<Outcome, number>> = {}
    let phase = 'up'
    let over = false
    const worker = async (first: number): Promise<void> => {
      for (let number = first; !over; number++) {
        const during = phase
        const outcome = await attempt(relay, userOf(number % USERS))
        // What began before something happened may end after it.
        const name = during === phase ? during : `from ${during} to ${phase}`
        counts[name] ??= { in: 0, temporary: 0, other: 0 }
        counts[name][outcome]++
      }
    }
    const workers = Array.from({ length: 8 }, (_, index) => worker(index * 5))
    const until = async (name: string, enough: number): Promise<void> => {
      phase = name
      await expect
        .poll(() => Object.values(counts[name] ?? {}).reduce((sum, count) => sum + count, 0), { timeout: 20_000 })
        .toBeGreaterThanOrEqual(enough)
    }
    try {
      await until('up', 60)
      phase = 'stopping'
      await server.stop()
      await until('down', 60)
      phase = 'starting'
      await server.start()
      await until('up again', 60)
      phase = 'killing'
      await server.stop('crash')
      await until('dead', 60)
      phase = 'starting again'
      await server.start()
      await until('up in the end', 60)
    } finally {
      over = true
      await Promise.allSettled(workers)
      if (relay.program.exited !== undefined) console.log(relay.program.describe())
    }
    console.log(`${kind}, logins by phase: ${JSON.stringify(counts)}`)
    expect(Object.values(counts).map(({ other }) => other)).toEqual(Object.keys(counts).map(() => 0))
    for (const name of ['up', 'up again', 'up in the end']) expect(counts[name]).toMatchObject({ temporary: 0 })
    for (const name of ['down', 'dead']) expect(counts[name]).toMatchObject({ in: 0 })
    expect(relay.program.exited).toBeUndefined()
  }, 180_000)

  test('is asked once for each user in a login storm, where it would be asked for each login', async () => {
    const queries: Record<string, number> = {}
    for (const [name, ttl] of [
      ['without', 0],
      ['with', 60],
    ] as const) {
      const relay = await start({ ttl, unknown_ttl: 0 })
      const before = await server.queries()
      let logins = 0
      const worker = async (first: number): Promise<void> => {
        for (let number = first; logins++ < 200; number++)
          expect(await attempt(relay, userOf(number % USERS))).toBe('in')
      }
      await Promise.all(Array.from({ length: 8 }, (_, index) => worker(index * 5)))
      queries[name] = (await server.queries()) - before
      await relay.program.stop()
    }
    console.log(
      `${kind}, queries for 200 logins of ${USERS} users: ${queries.without} without a cache, ${queries.with} with`,
    )
    expect(queries.without).toBeGreaterThanOrEqual(180)
    expect(queries.with).toBeLessThanOrEqual(USERS + 5)
  }, 120_000)
})

function userOf(number: number): { username: string; password: string } {
  return { username: `user${number}`, password: `password of ${number}` }
}

async function attempt(relay: TestRelay, user: { username: string; password: string }): Promise<Outcome> {
  const client = await relay.connect()
  const { head } = await client.authenticate(user, { toPath: [relay.uri] })
  if (head.status === 200) {
    client.destroy()
    return 'in'
  }
  if (head.status !== 403 || !/at the moment/.test(head.comment)) return 'other'
  await client.untilClosed()
  return 'temporary'
}
