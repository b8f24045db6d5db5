import { MsrpError } from 'msrp/wire'
import { expect, test } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import type { Users } from '../../src/forwarding/settings.ts'
import { CachedUsers } from '../../src/users/cached-users.ts'

/** A database that a test changes, stops and slows down, in front of which is a cache. */
function stage(options: { ttl?: number; unknownTtl?: number; users?: number } = {}) {
  const clock = new FakeClock()
  const users = new Map([['alice', 'h-alice']])
  const asked: string[] = []
  const database = { down: false, takes: 0 }
  const source: Users = {
    ha1: async (username, realm, algorithm) => {
      asked.push(`${username}@${realm} ${algorithm}`)
      const found = users.get(username)
      if (database.takes > 0) await new Promise<void>((resolve) => clock.after(database.takes, resolve))
      if (database.down) throw new MsrpError('unreachable', 'the database is down')
      return found
    },
  }
  const cached = new CachedUsers(source, { ttl: 60, unknownTtl: 5, users: 100, ...options }, clock)
  const ask = (username = 'alice') => cached.ha1(username, 'example.com', 'md5')
  return { clock, users, asked, database, cached, ask }
}

test('who was found is not asked for again within the time to live, and is at its end', async () => {
  const { clock, asked, ask, cached } = stage()
  for (let count = 0; count < 10; count++) expect(await ask()).toBe('h-alice')
  await clock.advance(59_999)
  expect(await ask()).toBe('h-alice')
  expect(asked).toHaveLength(1)
  expect(cached.hits).toBe(10)
  await clock.advance(1)
  await ask()
  expect(asked).toHaveLength(2)
})

test('nobody who was removed gets in for longer than the time to live, though asked for without a pause', async () => {
  const { clock, users, ask } = stage()
  await ask()
  users.delete('alice')
  for (let second = 0; second < 59; second++) {
    await clock.advance(1000)
    await ask()
  }
  expect(await ask()).toBe('h-alice')
  await clock.advance(1000)
  expect(await ask()).toBeUndefined()
})

test('the time counts from the question: who is removed while the database is slow is not remembered for longer', async () => {
  const { clock, users, database, ask } = stage()
  database.takes = 10_000
  const first = ask()
  users.delete('alice')
  await clock.advance(10_000)
  expect(await first).toBe('h-alice')
  database.takes = 0
  await clock.advance(49_999)
  expect(await ask()).toBe('h-alice')
  await clock.advance(1)
  expect(await ask()).toBeUndefined()
})

test('that there is no such user is remembered for a shorter time', async () => {
  const { clock, users, asked, ask } = stage()
  for (let count = 0; count < 10; count++) expect(await ask('bob')).toBeUndefined()
  expect(asked).toHaveLength(1)
  users.set('bob', 'h-bob')
  await clock.advance(5000)
  expect(await ask('bob')).toBe('h-bob')
})

test('many who ask for one user at one time are one question', async () => {
  const { clock, asked, database, ask } = stage({ ttl: 0, unknownTtl: 0 })
  database.takes = 1000
  const all = Array.from({ length: 50 }, () => ask())
  await clock.advance(1000)
  expect(new Set(await Promise.all(all))).toEqual(new Set(['h-alice']))
  expect(asked).toHaveLength(1)
  // And with no time to live nothing of it stays.
  const again = ask()
  await clock.advance(1000)
  await again
  expect(asked).toHaveLength(2)
})

test('a failure reaches all who asked, is not remembered, and nothing old takes its place', async () => {
  const { clock, asked, database, ask } = stage()
  await ask()
  await clock.advance(60_000)
  database.down = true
  const all = await Promise.allSettled([ask(), ask(), ask()])
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(asked).toHaveLength(2)
  await expect(ask()).rejects.toThrow('the database is down')
  database.down = false
  expect(await ask()).toBe('h-alice')
})

test('who is remembered gets in while the database is down, until the time is over', async () => {
  const { clock, database, ask } = stage()
  await ask()
  database.down = true
  await clock.advance(59_999)
  expect(await ask()).toBe('h-alice')
  await clock.advance(1)
  await expect(ask()).rejects.toThrow()
})

test('names that are none do not push out those that are remembered, and neither are kept without bound', async () => {
  const { asked, users, ask } = stage({ users: 10 })
  await ask()
  for (let count = 0; count < 50; count++) await ask(`nobody${count}`)
  asked.length = 0
  await ask()
  await ask('nobody49')
  expect(asked).toEqual([])
  await ask('nobody0')
  expect(asked).toHaveLength(1)
  for (let count = 0; count < 10; count++) users.set(`user${count}`, 'h')
  for (let count = 0; count < 10; count++) await ask(`user${count}`)
  asked.length = 0
  await ask()
  expect(asked).toHaveLength(1)
})

test('realm and algorithm belong to what is remembered', async () => {
  const { asked, cached } = stage()
  await cached.ha1('alice', 'example.com', 'md5')
  await cached.ha1('alice', 'example.com', 'sha-256')
  await cached.ha1('alice', 'example.net', 'md5')
  expect(asked).toEqual(['alice@example.com md5', 'alice@example.com sha-256', 'alice@example.net md5'])
  // No way of writing two names makes them one.
  await cached.ha1('b c', 'a', 'md5')
  await cached.ha1('c', 'a b', 'md5')
  expect(asked).toHaveLength(5)
})

test('a password that was changed serves at the second try, though the old one is remembered', async () => {
  const { clock, users, asked, cached, ask } = stage()
  await ask()
  users.set('alice', 'h-new')
  await clock.advance(5000)
  expect(await ask()).toBe('h-alice')
  cached.doubt('alice', 'example.com', 'md5')
  expect(await ask()).toBe('h-new')
  // Whoever guesses makes the database be asked every five seconds and not more often.
  for (let count = 0; count < 20; count++) {
    cached.doubt('alice', 'example.com', 'md5')
    await ask()
  }
  expect(asked).toHaveLength(2)
})

test('a name of thousands of characters is looked up and not kept', async () => {
  const { asked, ask } = stage()
  await ask('x'.repeat(5000))
  await ask('x'.repeat(5000))
  expect(asked).toHaveLength(2)
})
