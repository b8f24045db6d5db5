import { expect, test } from 'vitest'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { challenge, granted, isRight, register, ScriptedRelay, token } from './scripted-relay.ts'

const notLoaded = new MsrpError('internal', 'A part of the library could not be loaded')

test('A relay that asks and grants is logged in to without any part; for others one is loaded', async () => {
  const loaded: string[] = []
  const parts = {
    ...PARTS_AT_HAND,
    authDetours: async () => {
      loaded.push('authDetours')
      return PARTS_AT_HAND.authDetours()
    },
  }
  const relay = new ScriptedRelay((auth) => (isRight(auth) ? granted(token('t')) : challenge()))
  const registration = await register(relay, { parts })
  registration.stop()
  expect(loaded).toEqual([])
  relay.script = (auth) => (isRight(auth) && !auth.authorization?.uri ? granted(token('t')) : challenge())
  const other = await register(relay, { parts })
  other.stop()
  expect(loaded).toEqual(['authDetours'])
  expect(relay.clock.pending).toBe(0)
})

test('A login fails when what the relay needs cannot be loaded, and its connection is closed', async () => {
  const relay = new ScriptedRelay((auth) => (auth.authorization ? { status: 403 } : challenge()))
  const parts = { ...PARTS_AT_HAND, authDetours: () => Promise.reject(notLoaded) }
  await expect(register(relay, { parts })).rejects.toBe(notLoaded)
  expect(relay.connections.map(({ open }) => open)).toEqual([false])
  expect(relay.clock.pending).toBe(0)
})

test.each([
  ['cannot be loaded', () => Promise.reject(notLoaded), notLoaded],
  ['is still being loaded', () => new Promise<never>(() => {}), undefined],
])('A path is lost when it expires, and not before, when what refreshes it %s', async (_, pathRefresh, cause) => {
  const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', '600']))
  const registration = await register(relay, { parts: { ...PARTS_AT_HAND, pathRefresh } })
  const losses: MsrpError[] = []
  registration.onLost = (error) => losses.push(error)
  await relay.clock.advance(600_000 - 1)
  expect(losses).toEqual([])
  await relay.clock.advance(1)
  expect(losses).toMatchObject([{ code: 'token-expired', ...(cause && { cause }) }])
  expect(relay.clock.pending).toBe(0)
})

test('What refreshes a path is loaded long before it is due, and then the path is refreshed in time', async () => {
  const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', '600']))
  const loads: number[] = []
  const begun = relay.clock.now()
  const pathRefresh = async () => {
    loads.push(relay.clock.now() - begun)
    // Its file has gone once; then it is there again.
    if (loads.length === 1) throw notLoaded
    return PARTS_AT_HAND.pathRefresh()
  }
  const registration = await register(relay, { parts: { ...PARTS_AT_HAND, pathRefresh } })
  const losses: MsrpError[] = []
  registration.onLost = (error) => losses.push(error)
  await relay.clock.advance(600_000)
  // Again after half of the time left.
  expect(loads.slice(0, 2)).toEqual([30_000, 315_000])
  expect(losses).toEqual([])
  expect(relay.received).toHaveLength(2)
  const refreshedAt = relay.last.at - begun
  expect(refreshedAt).toBeGreaterThanOrEqual(0.75 * 600_000)
  expect(refreshedAt).toBeLessThanOrEqual(0.85 * 600_000)
  registration.stop()
  expect(relay.clock.pending).toBe(0)
})

test('Loading it is tried again while 10 s or more would pass until then', async () => {
  const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', '600']))
  const begun = relay.clock.now()
  const loads: number[] = []
  const pathRefresh = () => {
    loads.push(relay.clock.now() - begun)
    return Promise.reject(notLoaded)
  }
  await register(relay, { parts: { ...PARTS_AT_HAND, pathRefresh } })
  await relay.clock.advance(600_000)
  expect(loads.map((at) => Math.floor(at / 1_000))).toEqual([30, 315, 457, 528, 564, 582])
  expect(relay.clock.pending).toBe(0)
})

test('A path that was stopped while that is loaded is not refreshed', async () => {
  const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', '600']))
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof PARTS_AT_HAND.pathRefresh>>>()
  const registration = await register(relay, { parts: { ...PARTS_AT_HAND, pathRefresh: () => promise } })
  await relay.clock.advance(0.85 * 600_000)
  registration.stop()
  resolve(await PARTS_AT_HAND.pathRefresh())
  await relay.clock.advance(600_000)
  expect(relay.received).toHaveLength(1)
  expect(relay.clock.pending).toBe(0)
})
