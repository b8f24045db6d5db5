import { describe, expect, test } from 'vitest'
import { pathForSdp } from '../../src/session/relay-client/index.ts'
import { type Field, MsrpUri } from '../../src/wire/index.ts'
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

describe('A Use-Path', () => {
  test.each([
    ['one URI', token('t0ken')],
    ['a list of URIs', `${token('a')} msrps://inner.example.com:9000/b;tcp`],
    ['a numeric host, as relays on test machines give', 'msrps://127.0.0.1:2855/abc;tcp'],
    ['IPv6', 'msrps://[2001:db8::1]:2855/abc;tcp'],
    ['session-ids of any path character', 'msrps://relay.example.com:2855/a+b/c=d@e;tcp;x=y'],
  ])('of %s is kept byte for byte', async (_, value) => {
    const registration = await register(new ScriptedRelay(() => granted(value)))
    expect(registration.usePath.join(' ')).toBe(value)
    registration.stop()
  })

  const flaws: [name: string, fields: Field[], says: string][] = [
    ['missing', [['Expires', '60']], 'missing'],
    [
      'there twice',
      [
        ['Use-Path', token('a')],
        ['Use-Path', token('b')],
      ],
      'more than once',
    ],
    ['no URI', [['Use-Path', 'relay.example.com']], 'MSRP URI'],
    ['empty', [['Use-Path', '']], 'no URI'],
    ['without TLS (RFC4976-9.4-1)', [['Use-Path', 'msrp://relay.example.com:2855/secret;tcp']], 'not msrps'],
    ['without TLS behind the first', [['Use-Path', `${token('secret')} msrp://b.example:1/secret;tcp`]], 'not msrps'],
    [
      'without port (RFC4976-4.2-1, RFC4976-8-1, RFC4975-8.2-2)',
      [['Use-Path', 'msrps://relay.example.com/secret;tcp']],
      'without a port',
    ],
    ['without session-id', [['Use-Path', 'msrps://relay.example.com:2855;tcp']], 'without a session-id'],
    ['longer than a path may be', [['Use-Path', new Array(20).fill(token('t')).join(' ')]], '20 URIs'],
  ]
  test.each(flaws)('that is %s is refused by name, and closes the connection', async (_, fields, says) => {
    const relay = new ScriptedRelay(() => ({ status: 200, fields }))
    const promise = register(relay)
    const message = expect.stringMatching(new RegExp(`Use-Path.*${says}`))
    await expect(promise).rejects.toMatchObject({ code: 'malformed', message })
    await expect(promise).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
    expect(relay.connections[0]?.open).toBe(false)
    expect(relay.clock.pending).toBe(0)
  })

  test('becomes the path for SDP from its far end, with our own URI last (RFC 4976 §5.1: "C B A")', () => {
    const [b, c] = ['msrps://b.example:1/b;tcp', 'msrps://c.example:2/c;tcp'].map((text) => MsrpUri.parse(text)) as [
      MsrpUri,
      MsrpUri,
    ]
    expect(pathForSdp([b, c], LOCAL).join(' ')).toBe(`${c} ${b} ${LOCAL}`)
  })
})

const OUTER = MsrpUri.parse('msrps://extra.example.com;tcp')
const INNER_TOKEN = 'msrps://relay.example.com:2855/jui787s2f;tcp'
const OUTER_TOKEN = 'msrps://extra.example.com:9000/mywdEe1233;tcp'

/** An inner and an outer relay, each with its realm and nonce, in one double: the inner one is `RELAY`. */
function chain(outerPath: string, password?: string): (auth: ReceivedAuth) => Reply {
  return (auth) => {
    const inner = auth.head.fields.toPath.length === 1
    const realm = inner ? 'intra' : 'extra'
    const { authorization } = auth
    const right =
      authorization?.realm === realm &&
      authorization.nonce === `${realm}-nonce` &&
      isRight(auth, inner ? undefined : password)
    if (!right) return challenge(`Digest realm="${realm}", qop="auth", nonce="${realm}-nonce"`)
    return inner ? granted(INNER_TOKEN, ['Expires', '900']) : granted(outerPath, ['Expires', '300'])
  }
}

describe('A chain of two relays', () => {
  test('is asked one through the other, each with its own challenge (RFC4976-5.1-2, RFC4976-5.1-5, RFC4976-5.1-6)', async () => {
    const relay = new ScriptedRelay(chain(`${INNER_TOKEN} ${OUTER_TOKEN}`))
    const registration = await register(relay, { relays: [RELAY, OUTER] })
    expect(relay.received.map(({ toPath }) => toPath)).toEqual([
      String(RELAY),
      String(RELAY),
      `${INNER_TOKEN} ${OUTER}`,
      `${INNER_TOKEN} ${OUTER}`,
    ])
    const [, first, , second] = relay.received
    expect(first?.authorization).toMatchObject({ realm: 'intra', uri: String(RELAY), nc: '00000001' })
    // RFC 4976 §9.1: the digest is over the rightmost URI, here the one without a port.
    expect(second?.authorization).toMatchObject({ realm: 'extra', uri: String(OUTER), nc: '00000001' })
    for (const auth of relay.received) expect(auth.head.fields.fromPath.join(' ')).toBe(String(LOCAL))
    expect(relay.connections).toHaveLength(1)

    expect(registration.usePath.join(' ')).toBe(`${INNER_TOKEN} ${OUTER_TOKEN}`)
    expect(pathForSdp(registration.usePath, LOCAL).join(' ')).toBe(`${OUTER_TOKEN} ${INNER_TOKEN} ${LOCAL}`)
    // Each relay grants its own lifetime; the path lives as long as the shorter one.
    expect(registration.expiresAt).toBe(relay.last.at + 300_000)
    registration.stop()
  })

  test('can have other credentials for each relay (RFC4976-9.1-5)', async () => {
    const relay = new ScriptedRelay(chain(`${INNER_TOKEN} ${OUTER_TOKEN}`, 'other'))
    const asked: string[] = []
    const registration = await register(relay, {
      relays: [RELAY, OUTER],
      credentials: (uri, realm) => {
        asked.push(`${uri.host} ${realm}`)
        return realm === 'intra'
          ? { username: 'alice', password: 'Pass:Wörd "1234"' }
          : { username: 'al', password: 'other' }
      },
    })
    expect(relay.last.authorization?.username).toBe('al')
    expect(new Set(asked)).toEqual(new Set(['relay.example.com intra', 'extra.example.com extra']))
    registration.stop()
  })

  test.each([
    ['does not begin with the first relay', `${OUTER_TOKEN} ${INNER_TOKEN}`, 'begin'],
    ['leaves the first relay out', OUTER_TOKEN, 'begin'],
    ['is the faulty one in the example of RFC 4976 §5.1', `${OUTER_TOKEN} ${OUTER_TOKEN}`, 'begin'],
    ["changes the first relay's token", `${token('x')} ${OUTER_TOKEN}`, 'begin'],
    ['holds the first relay alone', INNER_TOKEN, 'no URI of the relay itself'],
  ])('is refused when its Use-Path %s', async (_, usePath, says) => {
    const relay = new ScriptedRelay(chain(usePath))
    const promise = register(relay, { relays: [RELAY, OUTER] })
    await expect(promise).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(new RegExp(`Use-Path.*${says}`)),
    })
    expect(relay.connections[0]?.open).toBe(false)
  })

  test('names the relay that refuses', async () => {
    const relay = new ScriptedRelay(chain(`${INNER_TOKEN} ${OUTER_TOKEN}`, 'other'))
    const promise = register(relay, { relays: [RELAY, OUTER] })
    await expect(promise).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('extra.example.com'),
    })
  })

  test('names the relay behind that cannot be reached, with the status of the one in front', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.head.fields.toPath.length === 1 ? granted(INNER_TOKEN) : { status: 408, comment: 'No connection' },
    )
    const promise = register(relay, { relays: [RELAY, OUTER] })
    await expect(promise).rejects.toMatchObject({
      code: 'refused',
      status: 408,
      message: expect.stringMatching(/extra\.example\.com.*408 No connection/),
    })
  })
})
