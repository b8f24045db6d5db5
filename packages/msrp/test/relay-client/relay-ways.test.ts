import { describe, expect, test } from 'vitest'
import { RelayMemory } from '../../src/session/relay-client/index.ts'
import { MsrpError, MsrpUri } from '../../src/wire/index.ts'
import { settle } from '../transport/fake-clock.ts'
import {
  challenge,
  granted,
  isRight,
  LOCAL,
  RELAY,
  type ReceivedAuth,
  type Reply,
  register,
  ScriptedRelay,
  token,
} from './scripted-relay.ts'

/** Kamailio 5.6: needs `uri=`. */
function needsUri(auth: ReceivedAuth): Reply {
  return auth.authorization?.uri === String(auth.head.fields.toPath.at(-1)) && isRight(auth)
    ? granted(token('t'))
    : challenge()
}

/** The AG Projects relay: an AUTH with `uri=` ends in an exception of its own, without an answer. */
function breaksOnUri(auth: ReceivedAuth): Reply {
  if (auth.authorization?.uri !== undefined) return 'silence'
  if (auth.authorization === undefined) return challenge()
  return isRight(auth) ? granted(token('t')) : { status: 403 }
}

/** A relay that takes `uri=` for an attack. */
function refusesUri(auth: ReceivedAuth): Reply {
  if (auth.authorization?.uri !== undefined) return challenge()
  return isRight(auth) ? granted(token('t')) : challenge()
}

function uris(relay: ScriptedRelay): (string | undefined)[] {
  return relay.received.filter(({ authorization }) => authorization).map(({ authorization }) => authorization?.uri)
}

describe('The uri parameter (FIELD-liberal-27)', () => {
  test('is sent, as RFC 7616 §3.4 wants it and Kamailio needs it', async () => {
    const relay = new ScriptedRelay(needsUri)
    const memory = new RelayMemory()
    const registration = await register(relay, { memory })
    expect(uris(relay)).toEqual([String(RELAY)])
    expect(memory.of(RELAY).takesUri).toBe(true)
    registration.stop()
  })

  test('is left out after a 401 that is not stale, and from then on', async () => {
    const relay = new ScriptedRelay(refusesUri)
    const memory = new RelayMemory()
    const first = await register(relay, { memory })
    expect(uris(relay)).toEqual([String(RELAY), undefined])
    const second = await register(relay, { memory })
    expect(uris(relay)).toEqual([String(RELAY), undefined, undefined])
    first.stop()
    second.stop()
  })

  test('is left out after 5 s of silence, with the same nonce counted on, and from then on', async () => {
    const relay = new ScriptedRelay(breaksOnUri)
    const memory = new RelayMemory()
    const promise = register(relay, { memory })
    await relay.clock.advance(4_999)
    expect(relay.received).toHaveLength(2)
    await relay.clock.advance(1)
    const registration = await promise
    expect(uris(relay)).toEqual([String(RELAY), undefined])
    expect(relay.last.authorization).toMatchObject({ nonce: relay.received[1]?.authorization?.nonce, nc: '00000002' })
    registration.stop()
    // Nothing waits for the unanswered one any more.
    expect(relay.clock.pending).toBe(0)

    const again = await register(relay, { memory })
    expect(uris(relay)).toEqual([String(RELAY), undefined, undefined])
    again.stop()
  })

  test('is left out after silence, and what comes then says that the password is wrong', async () => {
    const relay = new ScriptedRelay(breaksOnUri)
    const promise = register(relay, { credentials: { username: 'alice', password: 'wrong' } })
    const failed = expect(promise).rejects.toMatchObject({ code: 'unauthorized' })
    await relay.clock.advance(5_000)
    await failed
    expect(relay.clock.pending).toBe(0)
  })

  test('was no fault when the relay is only slow: the late 200 to it counts', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge()
      if (auth.authorization.uri === undefined) return 'silence'
      return { later: 7_000, reply: granted(token('late')) }
    })
    const memory = new RelayMemory()
    const promise = register(relay, { memory })
    await relay.clock.advance(7_000)
    const registration = await promise
    expect(registration.usePath.join(' ')).toBe(token('late'))
    expect(memory.of(RELAY).takesUri).toBe(true)
    registration.stop()
    expect(relay.clock.pending).toBe(0)
  })

  test('was no fault either when the late answer refuses: the one without it decides', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge()
      return auth.authorization.uri === undefined
        ? { later: 2_000, reply: granted(token('t')) }
        : { later: 6_000, reply: challenge() }
    })
    const promise = register(relay)
    await relay.clock.advance(7_000)
    const registration = await promise
    expect(registration.usePath.join(' ')).toBe(token('t'))
    registration.stop()
  })

  test('is not varied where it is known to be right: a wrong password costs one attempt', async () => {
    const relay = new ScriptedRelay(needsUri)
    const memory = new RelayMemory()
    const registration = await register(relay, { memory })
    registration.stop()
    relay.received.length = 0
    const wrong = register(relay, { memory, credentials: { username: 'alice', password: 'wrong' } })
    await expect(wrong).rejects.toMatchObject({ code: 'unauthorized' })
    expect(uris(relay)).toEqual([String(RELAY)])
    expect(memory.of(RELAY).takesUri).toBeUndefined()
  })

  test('is remembered of one relay and not of another', () => {
    const memory = new RelayMemory()
    memory.of(RELAY).takesUri = false
    expect(memory.of(LOCAL).takesUri).toBeUndefined()
  })
})

describe('A relay that stays silent', () => {
  test('to the first AUTH is given 30 s', async () => {
    const relay = new ScriptedRelay(() => 'silence')
    const promise = register(relay)
    const failed = expect(promise).rejects.toMatchObject({ code: 'timeout' })
    await relay.clock.advance(29_999)
    expect(relay.connections[0]?.open).toBe(true)
    await relay.clock.advance(1)
    await failed
    expect(relay.received).toHaveLength(1)
    expect(relay.connections[0]?.open).toBe(false)
    expect(relay.clock.pending).toBe(0)
  })

  test('to credentials in both forms is given 30 s after the second', async () => {
    const relay = new ScriptedRelay((auth) => (auth.authorization ? 'silence' : challenge()))
    const promise = register(relay)
    const failed = expect(promise).rejects.toMatchObject({ code: 'timeout' })
    await relay.clock.advance(34_999)
    expect(relay.connections[0]?.open).toBe(true)
    await relay.clock.advance(1)
    await failed
    expect(relay.received).toHaveLength(3)
    expect(relay.clock.pending).toBe(0)
  })

  test('and closes the connection is reported as that', async () => {
    const relay = new ScriptedRelay(() => 'close')
    await expect(register(relay)).rejects.toMatchObject({ code: 'connection-lost' })
  })
})

describe('AUTH', () => {
  test('is sent over TLS only (RFC4976-8-3, RFC4976-9.2-6, RFC4976-9.4-1)', async () => {
    const relay = new ScriptedRelay(() => granted(token('t')))
    relay.secure = false
    await expect(register(relay)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(relay.received).toEqual([])
    expect(relay.connections[0]?.open).toBe(false)
  })

  test('is not even prepared for a relay that is addressed without TLS', async () => {
    const relay = new ScriptedRelay(() => granted(token('t')))
    const relays = [MsrpUri.parse('msrp://relay.example.com:2855;tcp')]
    await expect(register(relay, { relays })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(relay.connections).toEqual([])
  })

  test('answered 200 without a challenge is taken, as some relays do it for clients they know', async () => {
    const registration = await register(new ScriptedRelay(() => granted(token('t'))))
    expect(registration.usePath.join(' ')).toBe(token('t'))
    registration.stop()
  })

  test('can be given up while the relay thinks; the connection is closed', async () => {
    const relay = new ScriptedRelay((auth) => (auth.authorization ? 'silence' : challenge()))
    const controller = new AbortController()
    const promise = register(relay, { signal: controller.signal })
    const failed = expect(promise).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    await settle()
    controller.abort('enough')
    await failed
    await settle()
    expect(relay.connections[0]?.open).toBe(false)
    expect(relay.clock.pending).toBe(0)
  })

  test('is not begun when it was given up before', async () => {
    const relay = new ScriptedRelay(() => granted(token('t')))
    await expect(register(relay, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    expect(relay.connections).toEqual([])
  })

  test('passes on what connecting throws', async () => {
    const unreachable = new MsrpError('unreachable', 'nobody there')
    const promise = register(new ScriptedRelay(() => 'silence'), { connect: () => Promise.reject(unreachable) })
    await expect(promise).rejects.toBe(unreachable)
  })
})
