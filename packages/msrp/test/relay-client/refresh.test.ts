import { describe, expect, test } from 'vitest'
import type { PathChanged, RelayRegistration } from '../../src/session/relay-client/index.ts'
import { type MsrpError, MsrpUri } from '../../src/wire/index.ts'
import {
  authenticationInfo,
  challenge,
  granted,
  isRight,
  RELAY,
  type ReceivedAuth,
  type Reply,
  register,
  ScriptedRelay,
  token,
} from './scripted-relay.ts'

interface Watched {
  readonly registration: RelayRegistration
  readonly changes: PathChanged[]
  readonly losses: MsrpError[]
}

function watch(registration: RelayRegistration): Watched {
  const changes: PathChanged[] = []
  const losses: MsrpError[] = []
  registration.onPathChanged = (change) => changes.push(change)
  registration.onLost = (error) => losses.push(error)
  return { registration, changes, losses }
}

/** Challenges every AUTH without right credentials; `grant` answers the others. */
function authenticated(grant: (auth: ReceivedAuth) => Reply): (auth: ReceivedAuth) => Reply {
  return (auth) => (isRight(auth) ? grant(auth) : challenge(`Digest realm="r", qop="auth", nonce="n${auth.number}"`))
}

/** The relay's own URI with a session-id, rather than the bare relay, is asked. */
function isOwnUri(auth: ReceivedAuth): boolean {
  return auth.head.fields.toPath.at(-1)?.sessionId !== undefined
}

/** Moves time on until the relay is asked again. */
async function untilAsked(relay: ScriptedRelay): Promise<void> {
  for (const { length } = relay.received; relay.received.length === length; ) {
    await relay.clock.advance(relay.clock.next ?? Number.NaN)
  }
}

const LIFETIME = 600_000

describe('A path is refreshed', () => {
  // A refresh waits behind what was sent before.
  test.each([
    ['of ten minutes between 75 and 85 %', 600, [450, 510]],
    ['of three minutes between 58⅓ and 68⅓ %', 180, [105, 123]],
    ['of one minute between 50 and 60 %', 60, [30, 36]],
  ])('of a lifetime %s, not all at once', async (_, lifetime, between) => {
    const waits = new Set<number>()
    for (const byte of [0, 60, 128, 200, 255]) {
      const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', String(lifetime)]))
      const registration = await register(relay, { random: (size) => new Uint8Array(size).fill(byte) })
      const since = relay.last.at
      await untilAsked(relay)
      waits.add(relay.last.at - since)
      registration.stop()
      expect(relay.clock.pending).toBe(0)
    }
    expect(waits.size).toBe(5)
    expect([Math.min(...waits), Math.max(...waits)]).toEqual(between.map((seconds) => seconds * 1000))
  })

  test('by AUTH to its own URI, again and again, where the relay extends that', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { registration, changes, losses } = watch(await register(relay))
    for (let round = 1; round <= 3; round++) {
      const before = registration.expiresAt
      await untilAsked(relay)
      expect(relay.last.toPath).toBe(token('t'))
      expect(relay.last.authorization?.uri).toBe(token('t'))
      expect(relay.received).toHaveLength(2 + 2 * round)
      expect(registration.expiresAt).toBe(relay.last.at + LIFETIME)
      expect(registration.expiresAt).toBeGreaterThan(before)
    }
    expect(changes).toEqual([])
    expect(losses).toEqual([])
    expect(registration.usePath.join(' ')).toBe(token('t'))
    registration.stop()
    expect(relay.clock.pending).toBe(0)
  })

  test('also where the 200 to the refresh does not repeat Use-Path', async () => {
    const relay = new ScriptedRelay((auth) =>
      isOwnUri(auth) ? { status: 200, fields: [['Expires', '600']] } : granted(token('t'), ['Expires', '600']),
    )
    const { registration, changes } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME)
    expect(registration.expiresAt).toBe(relay.last.at + LIFETIME)
    expect(registration.usePath.join(' ')).toBe(token('t'))
    expect(changes).toEqual([])
    registration.stop()
  })

  test('and another path that is handed out instead (Kamailio) is told; the old one lives to its end (FIELD-liberal-26)', async () => {
    let tokens = 0
    const relay = new ScriptedRelay(authenticated(() => granted(token(`t${++tokens}`), ['Expires', '600'])))
    const { registration, changes, losses } = watch(await register(relay))
    const previousExpiresAt = registration.expiresAt
    await relay.clock.advance(0.85 * LIFETIME)
    expect(changes).toHaveLength(1)
    expect(changes[0]?.usePath.join(' ')).toBe(token('t2'))
    expect(changes[0]?.previous.join(' ')).toBe(token('t1'))
    expect(changes[0]?.previousExpiresAt).toBe(previousExpiresAt)
    expect(registration.usePath.join(' ')).toBe(token('t2'))
    expect(registration.expiresAt).toBe(relay.last.at + LIFETIME)
    // The new one is what is refreshed from now on.
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.last.toPath).toBe(token('t2'))
    expect(losses).toEqual([])
    registration.stop()
  })

  test.each([
    ['403', { status: 403 }],
    ['481', { status: 481 }],
    ['501', { status: 501 }],
  ] as [string, Reply][])('by AUTH to the bare relay when its own URI is refused with %s', async (_, refusal) => {
    let tokens = 0
    const relay = new ScriptedRelay((auth) => {
      if (isOwnUri(auth)) return refusal
      return authenticated(() => granted(token(`t${++tokens}`), ['Expires', '600']))(auth)
    })
    const { registration, changes, losses } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.last.toPath).toBe(String(RELAY))
    expect(changes.map(({ usePath }) => usePath.join(' '))).toEqual([token('t2')])
    expect(losses).toEqual([])
    registration.stop()
  })

  test('by AUTH to the bare relay when its own URI is met with silence for 30 s', async () => {
    let tokens = 0
    const relay = new ScriptedRelay((auth) => {
      if (isOwnUri(auth)) return 'silence'
      return authenticated(() => granted(token(`t${++tokens}`), ['Expires', '600']))(auth)
    })
    const { registration, changes } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME + 30_000)
    expect(changes.map(({ usePath }) => usePath.join(' '))).toEqual([token('t2')])
    registration.stop()
  })

  test('with the lifetime that was asked for, within the bounds found', async () => {
    const relay = new ScriptedRelay(
      authenticated(({ head }) => {
        const { expires } = head.fields
        if (expires !== undefined && expires < 60) return { status: 423, fields: [['Min-Expires', '60']] }
        return granted(token('t'), ['Expires', String(expires)])
      }),
    )
    const { registration } = watch(await register(relay, { expires: 30 }))
    relay.received.length = 0
    await relay.clock.advance(51_000)
    expect(relay.received.map(({ head }) => head.fields.expires)).toEqual([60, 60])
    registration.stop()
  })

  test('with credentials at once where the relay gave a nextnonce, whatever the path, counted from 1 for each (RFC4976-9.1-5)', async () => {
    const relay = new ScriptedRelay((auth) =>
      isRight(auth)
        ? granted(token('t'), ['Expires', '600'], authenticationInfo(auth, `next${auth.number}`))
        : challenge('Digest realm="r", qop="auth", nonce="first", opaque="o"'),
    )
    const { registration } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME)
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.received.map(({ authorization }) => authorization?.nonce)).toEqual([
      undefined,
      'first',
      'next2',
      'next3',
    ])
    expect(relay.received.map(({ toPath }) => toPath)).toEqual([String(RELAY), String(RELAY), token('t'), token('t')])
    expect(relay.received.map(({ authorization }) => authorization?.nc)).toEqual([
      undefined,
      '00000001',
      '00000001',
      '00000001',
    ])
    expect(relay.last.authorization?.opaque).toBe('o')
    registration.stop()
  })

  test('with a nonce counted on where nextnonce repeats it (RFC4976-9.1-8)', async () => {
    const relay = new ScriptedRelay((auth) =>
      isRight(auth)
        ? granted(token('t'), ['Expires', '600'], authenticationInfo(auth, 'same'))
        : challenge('Digest realm="r", qop="auth", nonce="same"'),
    )
    const { registration } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.last.authorization).toMatchObject({ nonce: 'same', nc: '00000002' })
    registration.stop()
  })

  test.each([', stale=true', ''])('with a new nonce when the nextnonce is too old by then (401%s)', async (stale) => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization?.nonce === 'next') return challenge(`Digest realm="r", qop="auth", nonce="newer"${stale}`)
      if (!isRight(auth)) return challenge('Digest realm="r", qop="auth", nonce="first"')
      return granted(token('t'), ['Expires', '600'], authenticationInfo(auth, 'next'))
    })
    const { registration, changes, losses } = watch(await register(relay))
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.received.map(({ authorization }) => authorization?.nonce)).toEqual([
      undefined,
      'first',
      'next',
      'newer',
    ])
    expect(relay.last.toPath).toBe(token('t'))
    expect([changes, losses]).toEqual([[], []])
    registration.stop()
  })
})

describe('A path that cannot be refreshed', () => {
  test('is lost when it expires and not before, with token-expired and the reason', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { registration, changes, losses } = watch(await register(relay))
    relay.script = (auth) => (auth.authorization ? { status: 403 } : challenge())
    await relay.clock.advance(registration.expiresAt - relay.clock.now() - 1)
    expect(losses).toEqual([])
    // Own URI and bare relay, each with a challenge, once.
    expect(relay.received).toHaveLength(2 + 4)
    await relay.clock.advance(1)
    expect(losses).toHaveLength(1)
    expect(losses[0]).toMatchObject({ code: 'token-expired', cause: { code: 'unauthorized' } })
    expect(losses[0]?.message).toContain('does not accept this user name or password')
    expect(changes).toEqual([])
    expect(relay.clock.pending).toBe(0)
    expect(registration.connection.msrp.open).toBe(true)
  })

  test.each<[string, Reply]>([
    ['a fault', { status: 500 }],
    ['credentials that cannot be checked at present', { status: 403, fields: [['Retry-After', '10']] }],
  ])('for a passing reason is tried again while there is time: %s', async (_, reply) => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { script } = relay
    const { registration, changes, losses } = watch(await register(relay))
    relay.script = () => reply
    await relay.clock.advance(0.85 * LIFETIME)
    expect(relay.received).toHaveLength(4)
    relay.script = script
    await relay.clock.advance(0.15 * LIFETIME)
    expect(registration.expiresAt).toBeGreaterThan(relay.clock.now())
    expect([changes, losses]).toEqual([[], []])
    registration.stop()
  })

  test('for a passing reason that stays is lost in the end', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { losses } = watch(await register(relay))
    relay.script = () => ({ status: 500 })
    await relay.clock.advance(LIFETIME)
    expect(losses).toHaveLength(1)
    expect(losses[0]).toMatchObject({ code: 'token-expired', cause: { code: 'refused', status: 500 } })
    expect(relay.clock.pending).toBe(0)
  })

  test('because what comes instead is no path is lost, too', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { losses } = watch(await register(relay))
    relay.script = () => granted('msrp://relay.example.com:2855/plain;tcp')
    await relay.clock.advance(LIFETIME)
    expect(losses).toHaveLength(1)
    expect(losses[0]?.message).toContain('Use-Path')
  })

  test('because the connection is gone is none of ours: its owner knows', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { registration, changes, losses } = watch(await register(relay))
    registration.connection.msrp.fail(undefined)
    await relay.clock.advance(2 * LIFETIME)
    expect([changes, losses]).toEqual([[], []])
    expect(relay.received).toHaveLength(2)
    expect(relay.clock.pending).toBe(0)
  })

  test('because it breaks in the middle of a refresh is none of ours either', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { changes, losses } = watch(await register(relay))
    relay.script = () => 'close'
    await relay.clock.advance(2 * LIFETIME)
    expect([changes, losses]).toEqual([[], []])
    expect(relay.received).toHaveLength(3)
    expect(relay.clock.pending).toBe(0)
  })

  test('because it was stopped, even in the middle of a refresh, is never mentioned again', async () => {
    const relay = new ScriptedRelay(authenticated(() => granted(token('t'), ['Expires', '600'])))
    const { registration, changes, losses } = watch(await register(relay))
    relay.script = () => ({ later: 1_000, reply: granted(token('other')) })
    await untilAsked(relay)
    expect(relay.received).toHaveLength(3)
    registration.stop()
    await relay.clock.advance(2 * LIFETIME)
    expect([changes, losses]).toEqual([[], []])
    expect(relay.received).toHaveLength(3)
    expect(registration.usePath.join(' ')).toBe(token('t'))
    expect(relay.clock.pending).toBe(0)
  })
})

describe('A chain is refreshed', () => {
  const OUTER = MsrpUri.parse('msrps://extra.example.com;tcp')
  const outer = (name: string): string => `msrps://extra.example.com:9000/${name};tcp`

  /** `inner` and `outer` pick the session-ids that the two relays hand out. */
  async function chain(inner: (auth: ReceivedAuth) => string, far: (auth: ReceivedAuth) => string) {
    const relay = new ScriptedRelay(
      authenticated((auth) => {
        const [first] = auth.head.fields.toPath
        if (auth.head.fields.toPath.length === 1) return granted(token(inner(auth)), ['Expires', '600'])
        return granted(`${first} ${outer(far(auth))}`, ['Expires', '900'])
      }),
    )
    const watched = watch(await register(relay, { relays: [RELAY, OUTER] }))
    const before = { expiresAt: watched.registration.expiresAt, usePath: watched.registration.usePath.join(' ') }
    relay.received.length = 0
    await relay.clock.advance(0.85 * LIFETIME)
    const asked = relay.received.filter(({ authorization }) => authorization).map(({ toPath }) => toPath)
    watched.registration.stop()
    return { ...watched, before, asked, relay }
  }

  test('relay by relay, each asked for its own URI', async () => {
    const { asked, changes, registration, relay } = await chain(
      () => 'in',
      () => 'out',
    )
    expect(asked).toEqual([token('in'), `${token('in')} ${outer('out')}`])
    expect(changes).toEqual([])
    expect(registration.expiresAt).toBe(relay.received[1]!.at + LIFETIME)
  })

  test('through the new URI of the first relay when that hands out another one', async () => {
    let tokens = 0
    const { asked, changes, before } = await chain(
      () => `in${++tokens}`,
      () => 'out',
    )
    expect(asked).toEqual([token('in1'), `${token('in2')} ${outer('out')}`])
    expect(changes.map(({ usePath }) => usePath.join(' '))).toEqual([`${token('in2')} ${outer('out')}`])
    expect(changes[0]?.previous.join(' ')).toBe(before.usePath)
    expect(changes[0]?.previousExpiresAt).toBe(before.expiresAt)
  })

  test('and where the second one hands out another, the old path lives as long as its old part of it', async () => {
    let tokens = 0
    const { asked, changes, relay } = await chain(
      () => 'in',
      () => `out${++tokens}`,
    )
    expect(asked).toEqual([token('in'), `${token('in')} ${outer('out1')}`])
    expect(changes.map(({ usePath }) => usePath.join(' '))).toEqual([`${token('in')} ${outer('out2')}`])
    // 900 s from the beginning: the first relay's part was extended beyond that.
    expect(changes[0]?.previousExpiresAt).toBe(relay.received[0]!.at - relayWait(relay) + 900_000)
  })

  function relayWait(relay: ScriptedRelay): number {
    return relay.received[0]!.at - 1_000_000
  }
})
