import type { Field } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import type { MessageSettings } from '../../src/forwarding/policy/message-policy.ts'
import { NO_POLICY, type PolicySettings } from '../../src/forwarding/policy/policy-settings.ts'
import { Network, type Node, RELAY, settle } from './network.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'

const access = (allow: string[], deny: string[]): PolicySettings => ({ ...NO_POLICY, access: { allow, deny } })
const messages = (some: Partial<MessageSettings>): PolicySettings => ({
  ...NO_POLICY,
  messages: { ...NO_POLICY.messages, ...some },
})

describe('a user who is denied', () => {
  it('gets 403 once the password is right, and hears the same as others while it is wrong', async () => {
    const network = new Network({ policy: access([], ['alice@example.com']) })
    const client = network.connect()
    expect((await client.authenticate('alice', 'wrong')).head.status).toBe(401)
    expect((await client.authenticate('nobody', 'wrong')).head.status).toBe(401)
    const { head } = await client.authenticate('alice', 'wonderland')
    expect([head.status, head.comment]).toEqual([403, 'this user may not use this relay'])
    expect([network.relay.counters.policyRefusals.access, network.relay.tokens]).toEqual([1, 0])
    expect((await network.connect().authenticate('bob', 'builder')).head.status).toBe(200)
  })

  it('keeps what it has until it runs out, when that changes later', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    bob.answers = true
    network.relay.reconfigure({ ...network.settings, policy: access(['bob@example.com'], []) })
    const sent = alice.send([alice.token, ...bob.path], 'Hello')
    expect((await alice.response(sent)).head.status).toBe(200)
    const { head } = await alice.authenticate('alice', 'wonderland', { toPath: [alice.token] })
    expect(head.status).toBe(403)
    expect(network.relay.tokens).toBe(2)
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
  })
})

/** Alice sends to somebody whom the relay would have to connect to. */
async function setUp(policy: PolicySettings): Promise<{ network: Network; alice: Node; far: Node; path: string[] }> {
  const network = new Network({ policy })
  const alice = await network.client('alice')
  const far = network.within(FAR)
  far.answers = true
  return { network, alice, far, path: [alice.token, FAR] }
}

describe('content types', () => {
  const types = ['text/*', 'Message/CPIM', 'image/png']

  it.each([
    ['text/plain', 200],
    ['TEXT/HTML; charset=utf-8', 200],
    ['message/cpim', 200],
    ['image/png', 200],
    ['image/jpeg', 415],
    ['application/octet-stream', 415],
    ['textual/plain', 415],
  ])('%s is answered %d', async (contentType, status) => {
    const { alice, path } = await setUp(messages({ contentTypes: types }))
    const sent = alice.request('SEND', { toPath: path, body: 'x', contentType, fields: [['Message-ID', 'message1']] })
    expect((await alice.response(sent)).head.status).toBe(status)
  })

  it('that are refused cost nobody a connection or a byte, and are named in the comment', async () => {
    const { network, alice, far, path } = await setUp(messages({ contentTypes: types }))
    const fields: Field[] = [['Message-ID', 'message1']]
    const sent = alice.request('SEND', { toPath: path, body: 'x', contentType: 'video/mp4', fields })
    const { head } = await alice.response(sent)
    expect([head.status, head.comment]).toEqual([415, 'this relay does not pass on video/mp4'])
    expect([network.dialed, far.received.byteLength, alice.reports]).toEqual([[], 0, []])
    expect(network.relay.counters.policyRefusals.content_type).toBe(1)
  })

  it('are looked at in each chunk: none gets through behind a first one of another type', async () => {
    const { alice, far, path } = await setUp(messages({ contentTypes: types }))
    const chunk = (start: number, contentType: string, flag: '+' | '$'): string =>
      alice.request('SEND', {
        toPath: path,
        body: 'hello',
        contentType,
        flag,
        fields: [
          ['Message-ID', 'message1'],
          ['Byte-Range', `${start}-${start + 4}/10`],
        ],
      })
    const first = chunk(1, 'text/plain', '+')
    const second = chunk(6, 'application/x-sh', '$')
    await settle()
    expect([alice.statuses(first), alice.statuses(second), far.body().toString()]).toEqual([[200], [415], 'hello'])
  })

  it('are not asked of a message without a body, and a body without one is answered 400', async () => {
    const { alice, path } = await setUp(messages({ contentTypes: types }))
    const fields: Field[] = [['Message-ID', 'message1']]
    expect((await alice.response(alice.request('SEND', { toPath: path, fields }))).head.status).toBe(200)
    for (const lines of ['', 'Content-Type: text/plain\r\nContent-Type: video/mp4\r\n']) {
      alice.write(
        `MSRP abcd1234${lines.length} SEND\r\nTo-Path: ${path.join(' ')}\r\nFrom-Path: ${alice.uri}\r\nMessage-ID: m1234\r\n` +
          `${lines}\r\nx\r\n-------abcd1234${lines.length}$\r\n`,
      )
      expect((await alice.response(`abcd1234${lines.length}`)).head.status).toBe(400)
    }
  })

  it('are told of as Failure-Report wants it', async () => {
    const { alice, path } = await setUp(messages({ contentTypes: types }))
    for (const [value, expected] of [
      ['no', []],
      ['partial', [415]],
      ['yes', [415]],
    ] as const) {
      const fields: Field[] = [
        ['Message-ID', 'message1'],
        ['Failure-Report', value],
      ]
      const sent = alice.request('SEND', { toPath: path, body: 'x', contentType: 'video/mp4', fields })
      await settle()
      expect([alice.statuses(sent), alice.reports]).toEqual([expected, []])
    }
  })

  it('hold for what comes to a user as well, and tell strangers nothing about what is no session', async () => {
    const { network, alice } = await setUp(messages({ contentTypes: types }))
    const peer = network.connect()
    const fields: Field[] = [['Message-ID', 'message1']]
    const sent = peer.request('SEND', { toPath: alice.path, body: 'x', contentType: 'video/mp4', fields })
    expect((await peer.response(sent)).head.status).toBe(415)
    const toPath = [RELAY.replace(';', '/none;'), alice.uri]
    const wrong = peer.request('SEND', { toPath, body: 'x', contentType: 'video/mp4', fields })
    expect((await peer.response(wrong)).head.status).toBe(481)
  })

  it('hold for other requests with a body, but not for REPORTs', async () => {
    const { alice, far, path } = await setUp(messages({ contentTypes: types }))
    alice.send(path, 'Hello')
    await settle()
    const sent = alice.request('FROBNICATE', { toPath: path, body: 'x', contentType: 'video/mp4' })
    expect((await alice.response(sent)).head.status).toBe(415)
    const fields: Field[] = [
      ['Message-ID', 'message1'],
      ['Byte-Range', '1-1/1'],
      ['Status', '000 200 OK'],
    ]
    alice.request('REPORT', { toPath: path, body: 'x', contentType: 'video/mp4', fields })
    await settle()
    expect(far.all('REPORT')).toHaveLength(1)
  })

  it.each(['*/*', '*'])('%s are all of them', async (type) => {
    const { alice, path } = await setUp(messages({ contentTypes: ['text/plain', type] }))
    const fields: Field[] = [['Message-ID', 'message1']]
    const sent = alice.request('SEND', { toPath: path, body: 'x', contentType: 'video/mp4', fields })
    expect((await alice.response(sent)).head.status).toBe(200)
  })
})

describe('S/MIME', () => {
  const signed = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=next'

  it.each([
    ['optional', 'text/plain', 200],
    ['signed', 'text/plain', 415],
    ['signed', 'message/cpim', 415],
    ['signed', signed, 200],
    ['signed', 'multipart/signed; protocol="application/pgp-signature"', 415],
    ['signed', 'multipart/signed', 415],
    ['signed', 'application/pkcs7-mime; smime-type=enveloped-data', 415],
    ['protected', signed, 200],
    ['protected', 'application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m', 200],
    ['protected', 'application/pkcs7-mime; smime-type=authEnveloped-data', 200],
    ['protected', 'Application/X-PKCS7-MIME', 200],
    ['protected', 'application/pkcs7-mime; smime-type=compressed-data', 415],
    ['protected', 'application/pkcs7-mime; smime-type=certs-only', 415],
    ['protected', 'multipart/mixed; boundary=next', 415],
  ] as const)('%s: %s is answered %d, as RFC 4976 §9.4 has it', async (smime, contentType, status) => {
    const { alice, path } = await setUp(messages({ smime }))
    const sent = alice.request('SEND', { toPath: path, body: 'x', contentType, fields: [['Message-ID', 'message1']] })
    const { head } = await alice.response(sent)
    expect(head.status).toBe(status)
    if (status === 415) expect(head.comment).toMatch(/S\/MIME/)
  })
})

describe('the size of a message', () => {
  const policy = messages({ maximumSize: 10_000 })

  it.each([
    ['1-*/10000', 5000, 200],
    ['1-*/10001', 5000, 413],
    ['1-10001/*', 5000, 413],
    ['10001-*/*', 0, 200],
    ['10002-*/*', 0, 413],
    ['1-*/*', 10_000, 200],
    ['1-*/*', 10_001, 413],
    ['5001-*/*', 5000, 200],
    ['5001-*/*', 5001, 413],
    [undefined, 10_000, 200],
    [undefined, 10_001, 413],
    // Whatever it says: what counts is what comes.
    ['1-10/10', 10_001, 413],
  ])('Byte-Range %s with %d bytes is answered %d', async (range, size, status) => {
    const { network, alice, far, path } = await setUp(policy)
    const fields: Field[] = [
      ['Message-ID', 'message1'],
      ...(range === undefined ? [] : [['Byte-Range', range] as Field]),
    ]
    const sent = alice.request('SEND', { toPath: path, body: Buffer.alloc(size), fields })
    const { head } = await alice.response(sent)
    expect(head.status).toBe(status)
    expect(network.relay.counters.policyRefusals.size).toBe(status === 413 ? 1 : 0)
    if (status === 413) expect(head.comment).toBe('this relay passes on messages of at most 10000 bytes')
    else expect(far.body()).toHaveLength(size)
  })

  it('is that of all its chunks, of which nothing is remembered', async () => {
    const { alice, far, path } = await setUp(policy)
    const sent = [1, 4001, 8001].map((start) =>
      alice.request('SEND', {
        toPath: path,
        body: Buffer.alloc(4000),
        flag: start === 8001 ? '$' : '+',
        fields: [
          ['Message-ID', 'message1'],
          ['Byte-Range', `${start}-*/*`],
        ],
      }),
    )
    await settle()
    expect(sent.map((id) => alice.statuses(id))).toEqual([[200], [200], [413]])
    expect(alice.reports).toEqual([])
    expect(far.body().byteLength).toBeLessThanOrEqual(10_000)
  })

  it('ends what has begun with #, and the session goes on', async () => {
    const { alice, far, path } = await setUp(policy)
    const sent = alice.begin(path)
    for (let count = 0; count < 5; count++) {
      alice.write(Buffer.alloc(4000))
      await settle()
    }
    alice.end(sent)
    await settle()
    expect([alice.statuses(sent), alice.reports, far.requests.at(-1)?.flag]).toEqual([[413], [], '#'])
    const next = alice.send(path, 'small', [['Message-ID', 'small']])
    expect((await alice.response(next)).head.status).toBe(200)
    expect(far.body('small').toString()).toBe('small')
  })
})
