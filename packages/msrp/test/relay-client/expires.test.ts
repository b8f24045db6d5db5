import { describe, expect, test } from 'vitest'
import { ASSUMED_EXPIRES, RelayMemory } from '../../src/session/relay-client/index.ts'
import {
  challenge,
  granted,
  LOCAL,
  RELAY,
  type ReceivedAuth,
  type Reply,
  register,
  ScriptedRelay,
  token,
} from './scripted-relay.ts'

/** Grants only lifetimes within bounds. */
function bounded(min: number | undefined, max: number | undefined): (auth: ReceivedAuth) => Reply {
  return (auth) => {
    if (auth.authorization === undefined) return challenge()
    const { expires } = auth.head.fields
    if (expires !== undefined && min !== undefined && expires < min) {
      return { status: 423, fields: [['Min-Expires', String(min)]] }
    }
    if (expires !== undefined && max !== undefined && expires > max) {
      return { status: 423, fields: [['Max-Expires', String(max)]] }
    }
    return granted(token('t'), ['Expires', String(expires ?? 3600)])
  }
}

function asked(relay: ScriptedRelay): (number | undefined)[] {
  return relay.received.map(({ head }) => head.fields.expires)
}

describe('Expires', () => {
  test('is asked for only when given (RFC4976-5.1-7), and then in every AUTH', async () => {
    const relay = new ScriptedRelay(bounded(undefined, undefined))
    const registration = await register(relay, { expires: 1200 })
    expect(asked(relay)).toEqual([1200, 1200])
    expect(registration.expiresAt).toBe(relay.last.at + 1_200_000)
    registration.stop()
  })

  test.each([
    [30, 60, undefined, 60],
    [7200, undefined, 3600, 3600],
    [5, 10, 3600, 10],
  ])('of %i s is moved into the bounds %s to %s of a 423 (RFC4976-5.1-7)', async (expires, min, max, expected) => {
    const relay = new ScriptedRelay(bounded(min, max))
    const registration = await register(relay, { expires })
    expect(asked(relay)).toEqual([expires, expires, expected])
    // The nonce is good for more than one request: its count goes on (RFC 7616 §3.4).
    expect(relay.received.map(({ authorization }) => authorization?.nc)).toEqual([undefined, '00000001', '00000002'])
    expect(registration.expiresAt - relay.last.at).toBe(expected * 1000)
    registration.stop()
  })

  test('moved into bounds survives a relay whose nonces serve once and that does not call them stale', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge('Digest realm="r", qop="auth", nonce="1"')
      if (auth.authorization.nc !== '00000001') return challenge('Digest realm="r", qop="auth", nonce="2"')
      return bounded(60, undefined)(auth)
    })
    const registration = await register(relay, { expires: 30 })
    expect(asked(relay)).toEqual([30, 30, 60, 60])
    // The credentials were right before, so nothing is varied in them.
    expect(relay.last.authorization).toMatchObject({ nonce: '2', nc: '00000001', uri: String(RELAY) })
    registration.stop()
  })

  test.each(['soon', '', '-1'])('is not asked for any more when the bound is "%s"', async (value) => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge()
      const { expires } = auth.head.fields
      return expires === undefined ? granted(token('t')) : { status: 423, fields: [['Min-Expires', value]] }
    })
    const registration = await register(relay, { expires: 30 })
    expect(asked(relay)).toEqual([30, 30, undefined])
    registration.stop()
  })

  test('is not chased around by a relay with impossible bounds', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge()
      const { expires = 0 } = auth.head.fields
      return { status: 423, fields: [['Min-Expires', String(expires + 1)]] }
    })
    await expect(register(relay, { expires: 30 })).rejects.toMatchObject({ code: 'refused', status: 423 })
    expect(relay.received.length).toBeLessThan(8)
  })

  test('of the 200 counts, whatever was asked for', async () => {
    const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', '77']))
    const registration = await register(relay, { expires: 1000 })
    expect(registration.expiresAt - relay.last.at).toBe(77_000)
    registration.stop()
  })

  test.each([
    [undefined, ASSUMED_EXPIRES],
    [120, 120],
  ])('missing in the 200 to one that asked for %s is taken as %i s', async (expires, expected) => {
    const relay = new ScriptedRelay(() => ({ status: 200, fields: [['Use-Path', token('t')]] }))
    const registration = await register(relay, { expires })
    expect(registration.expiresAt - relay.last.at).toBe(expected * 1000)
    registration.stop()
  })

  test.each(['0', 'soon', '-5'])('of "%s" in the 200 is refused by name', async (value) => {
    const relay = new ScriptedRelay(() => granted(token('t'), ['Expires', value]))
    await expect(register(relay)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('Expires'),
    })
  })

  test.each([0, -1, 1.5, Number.NaN])('of %s is refused here', async (expires) => {
    const relay = new ScriptedRelay(() => granted(token('t')))
    await expect(register(relay, { expires })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(relay.connections).toEqual([])
  })
})

/** As Kamailio 5.6.3 answered here: 17 bytes of unset memory stand where Min-Expires should. */
function kamailio(unset: string): (auth: ReceivedAuth) => Reply {
  return (auth) => {
    if (auth.authorization === undefined) return challenge()
    if (auth.head.fields.expires === undefined) return granted(token('kam'), ['Expires', '3600'])
    const start = `MSRP TID 423 Interval Out Of Bounds\r\nTo-Path: ${LOCAL}\r\nFrom-Path: ${auth.toPath}\r\n`
    return { raw: `${start}${unset}-------TID$\r\n` }
  }
}

describe('A Kamailio, which answers any Expires with a broken 423 (FIELD-liberal-24),', () => {
  test.each([
    ['words of its own', 'WARNING\0NOTICE\0DE'],
    ['what looks like a bound that was kept', 'Min-Expires: 60\r\n'],
    ['zeros', '\0'.repeat(17)],
    ['nothing', ''],
  ])('is asked again without it on the same connection when the memory holds %s', async (_, unset) => {
    const relay = new ScriptedRelay(kamailio(unset))
    const memory = new RelayMemory()
    const registration = await register(relay, { expires: 600, memory })
    expect(asked(relay)).toEqual([600, 600, undefined])
    expect(relay.connections).toHaveLength(1)
    expect(registration.expiresAt - relay.last.at).toBe(3_600_000)
    registration.stop()

    // Remembered: no Expires for it again.
    relay.received.length = 0
    const second = await register(relay, { expires: 600, memory })
    expect(asked(relay)).toEqual([undefined, undefined])
    second.stop()
  })

  test('is asked again on a new connection, within a second, when the 423 has no end that can be found', async () => {
    const relay = new ScriptedRelay((auth) => {
      const reply = kamailio('WARNING')(auth)
      return typeof reply === 'object' && 'raw' in reply ? { raw: reply.raw.replace('TID$', 'another$') } : reply
    })
    const memory = new RelayMemory()
    const promise = register(relay, { expires: 600, memory })
    await relay.clock.advance(1_000)
    const registration = await promise
    expect(asked(relay)).toEqual([600, 600, undefined, undefined])
    expect(relay.connections.map(({ open }) => open)).toEqual([false, true])
    expect(memory.of(RELAY).omitExpires).toBe(true)
    registration.stop()
    expect(relay.clock.pending).toBe(0)
  })

  test('is asked again on a new connection, at once, when the memory makes the 423 malformed', async () => {
    const relay = new ScriptedRelay(kamailio('WAR\nNING'))
    const registration = await register(relay, { expires: 600 })
    expect(asked(relay)).toEqual([600, 600, undefined, undefined])
    expect(relay.connections.map(({ open }) => open)).toEqual([false, true])
    registration.stop()
  })

  test('is not suspected when the rest of a 423 is only slow', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.authorization === undefined) return challenge()
      if (auth.head.fields.expires === 60) return granted(token('t'))
      const start = `MSRP TID 423 Out of bounds\r\nTo-Path: ${LOCAL}\r\n`
      const end = `From-Path: ${auth.toPath}\r\nMin-Expires: 60\r\n-------TID$\r\n`
      return { raw: start, rest: { later: 500, reply: { raw: end } } }
    })
    const promise = register(relay, { expires: 30 })
    await relay.clock.advance(1_000)
    const registration = await promise
    expect(asked(relay)).toEqual([30, 30, 60])
    expect(relay.connections).toHaveLength(1)
    registration.stop()
  })
})
