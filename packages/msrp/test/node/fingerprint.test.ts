import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import { connect, Endpoint, type PreparedSession, prepare, type Session } from '../../src/index.ts'
import { ownFingerprints } from '../../src/node/index.ts'
import { failure, nextMessage } from '../session/stage.ts'
import { selfSigned, type TestCertificate, testAuthority } from '../transport/test-certificates.ts'

// Of no authority, and with a name that nobody looks at: RFC 4975 §14.4.
const alice = await selfSigned({ names: ['sip:alice@example.com'] })
const bob = await selfSigned({ names: ['sip:bob@example.com'] })
const mallory = await selfSigned({ names: ['sip:bob@example.com'] })

const cleanups = cleanupsAfterEach()

function endpoint(options: ConstructorParameters<typeof Endpoint>[0] = {}): Endpoint {
  const made = new Endpoint(options)
  cleanups.push(() => made.close())
  return made
}

/** The line that `openssl x509 -fingerprint` would print. */
function fingerprint({ cert }: TestCertificate, bits: 256 | 512 = 256): string {
  const certificate = new X509Certificate(cert)
  return `sha-${bits} ${bits === 256 ? certificate.fingerprint256 : certificate.fingerprint512}`
}

/** Bob waits at 127.0.0.1. */
async function waiting(at: Endpoint = endpoint(), certificate = bob): Promise<PreparedSession> {
  return at.prepare({ listen: { tls: certificate } })
}

/** What a TLS server of Node's own has seen when somebody came. */
async function listener(
  certificate: TestCertificate,
): Promise<{ path: string; received: Buffer[]; closed: Promise<void> }> {
  const received: Buffer[] = []
  const closed = Promise.withResolvers<void>()
  const server = createTlsServer({ ...certificate, requestCert: true, rejectUnauthorized: false }, (socket) => {
    socket.on('data', (bytes) => received.push(bytes))
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  server.on('connection', (socket: Socket) => socket.on('close', () => closed.resolve()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  const { port } = server.address() as AddressInfo
  return { path: `msrps://127.0.0.1:${port}/session;tcp`, received, closed: closed.promise }
}

/** A client of Node's own that says what it wants. */
class RawClient {
  readonly socket: TLSSocket
  readonly to: string
  readonly from = 'msrps://raw.invalid:2855/rawsession;tcp'
  /** A ticket of the server, to resume this TLS session with. */
  readonly ticket: Promise<Buffer>
  #received = ''
  #ids = 0

  constructor(path: string, options: { cert?: string; key?: string; session?: Buffer; maxVersion?: 'TLSv1.2' } = {}) {
    this.to = path
    this.socket = connectTls({
      host: '127.0.0.1',
      port: Number(/:(\d+)\//.exec(path)?.[1]),
      rejectUnauthorized: false,
      ...options,
    })
    this.ticket = new Promise((resolve) => this.socket.once('session', resolve))
    this.socket.on('data', (bytes) => {
      this.#received += bytes.toString()
    })
    this.socket.on('error', () => {})
    cleanups.push(() => this.socket.destroy())
  }

  async ready(): Promise<this> {
    if (this.socket.connecting || !this.socket.getProtocol()) await once(this.socket, 'secureConnect')
    return this
  }

  send(body = 'Hello'): void {
    const id = `raw0${this.#ids++}`
    this.socket.write(
      `MSRP ${id} SEND\r\nTo-Path: ${this.to}\r\nFrom-Path: ${this.from}\r\nMessage-ID: m${id}\r\n` +
        `Byte-Range: 1-${body.length}/${body.length}\r\nContent-Type: text/plain\r\n\r\n${body}\r\n-------${id}$\r\n`,
    )
  }

  /** All that came until the other side closed. */
  async closed(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close')
    return this.#received
  }

  /** The first response. */
  async answer(): Promise<string> {
    while (!this.#received.includes('$\r\n')) await once(this.socket, 'data')
    return this.#received
  }
}

async function exchange(from: Session, to: Session): Promise<void> {
  const sent = from.send('Hello')
  expect(await (await nextMessage(to)).text()).toBe('Hello')
  await sent.delivered
}

describe('What a description says of our certificate', () => {
  test('is its hash by SHA-256, as other programs compute it (RFC4975-14.4-4)', async () => {
    const listening = await waiting()
    expect(listening.fingerprints).toEqual([fingerprint(bob)])
    expect((await endpoint().prepare({ tls: alice })).fingerprints).toEqual([fingerprint(alice)])
    const first = await endpoint().listen({ tls: bob })
    expect(first.fingerprints).toEqual([fingerprint(bob)])
    expect((await endpoint().prepare()).fingerprints).toEqual([])
  })

  test.each([
    ['SHA-384', false],
    ['SHA-512', false],
    ['SHA-512', true],
  ] as const)(
    'is the hash function of its signature as well, where that is stronger: %s, RSA %s',
    async (hash, rsa) => {
      const { cert } = await selfSigned({ hash, rsa })
      const certificate = new X509Certificate(cert)
      const [first, second, ...more] = ownFingerprints(cert)
      expect(first).toBe(`sha-256 ${certificate.fingerprint256}`)
      expect(second?.startsWith(`${hash.toLowerCase()} `)).toBe(true)
      if (hash === 'SHA-512') expect(second).toBe(`sha-512 ${certificate.fingerprint512}`)
      expect(more).toEqual([])
    },
  )
})

describe('Two sides that know each other’s fingerprint', () => {
  // RFC 4975 §14.4: the name in the certificate, here the user's, plays no part.
  test('have a session, though nobody vouches for their certificates (RFC4975-14.4-1, RFC4975-14.4-4, RFC4975-5.4-9)', async () => {
    const [atBob, atAlice] = [await waiting(), await endpoint().prepare({ tls: alice })]
    const passive = atBob.complete(atAlice.localPath, { peerFingerprint: atAlice.fingerprints })
    const active = atAlice.complete(atBob.localPath, { peerFingerprint: atBob.fingerprints, active: true })
    const [near, far] = await Promise.all([active, passive])
    await exchange(near, far)
    await exchange(far, near)
    expect([near.secure, far.secure]).toEqual([true, true])
  })

  test('have one the other way round as well: who listens shows the same certificate when it connects', async () => {
    const [one, other] = [await waiting(), await waiting(endpoint(), alice)]
    const passive = other.complete(one.localPath, { peerFingerprint: one.fingerprints })
    const active = one.complete(other.localPath, { peerFingerprint: other.fingerprints, active: true })
    await exchange(await active, await passive)
  })

  test('have one with the certificate that was announced, where the endpoint has another one for its connections', async () => {
    const [one, other] = [await waiting(endpoint({ tls: mallory })), await waiting(endpoint(), alice)]
    const passive = other.complete(one.localPath, { peerFingerprint: one.fingerprints })
    const active = one.complete(other.localPath, { peerFingerprint: other.fingerprints, active: true })
    const [far, near] = await Promise.all([passive, active])
    await exchange(near, far)
  })
})

describe('The side that waits', () => {
  test('asks for any certificate: it names no authorities to clients, which might show theirs to nobody else', async () => {
    const { cert: ca } = await selfSigned({ commonName: 'Only Ours Please' })
    const listening = await endpoint().listen({ tls: { ...bob, ca } })
    const port = Number(/:(\d+)\//.exec(listening.localPath)?.[1])
    const raw = connectTcp(port, '127.0.0.1')
    const heard: Buffer[] = []
    raw.on('data', (bytes: Buffer) => heard.push(bytes))
    // TLS of Node's own reads this instead of the socket, so that what comes can be looked at; TLS 1.2 asks in clear.
    const seen = Duplex.from({ readable: raw.pipe(new PassThrough()), writable: raw })
    const client = connectTls({ socket: seen, ...alice, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
    cleanups.push(
      () => raw.destroy(),
      () => client.destroy(),
    )
    client.on('error', () => {})
    await once(client, 'secureConnect')
    expect(Buffer.concat(heard).includes('Only Ours Please')).toBe(false)
    expect(heard.length).toBeGreaterThan(0)
  })
})

describe('The side that connects', () => {
  test.each<[string, () => string | string[]]>([
    ['the one fingerprint', () => fingerprint(bob)],
    ['one of several certificates', () => [fingerprint(mallory), fingerprint(bob)]],
    ['a stronger hash function', () => fingerprint(bob, 512)],
    ['the stronger one of two', () => [fingerprint(mallory), fingerprint(bob, 512)]],
    ['one beside SHA-1', () => [`SHA-1 ${new X509Certificate(mallory.cert).fingerprint}`, fingerprint(bob)]],
  ])('takes %s', async (_, peerFingerprint) => {
    const atBob = await endpoint().listen({ tls: bob })
    const session = await endpoint().connect({ path: atBob.localPath, peerFingerprint: peerFingerprint() })
    expect(session.secure).toBe(true)
  })

  test('takes a certificate that has expired, since it is the one (RFC4975-5.4-8)', async () => {
    const old = await selfSigned({ expired: true })
    const listening = await endpoint().listen({ tls: old })
    await endpoint().connect({ path: listening.localPath, peerFingerprint: listening.fingerprints })
  })

  test.each<[string, () => string | string[]]>([
    ['another certificate', () => fingerprint(alice)],
    ['another one of the same names', () => fingerprint(bob)],
    ['one that only the weaker hash function knows', () => [fingerprint(alice, 512), fingerprint(mallory)]],
  ])(
    'tears the session down at once where it finds %s, and no byte of it goes out (RFC4975-14.4-5, RFC4975-5.4-9)',
    async (_, peerFingerprint) => {
      const { path, received, closed } = await listener(mallory)
      const error = await failure(endpoint().connect({ path, peerFingerprint: peerFingerprint(), tls: alice }))
      expect(error).toMatchObject({ code: 'tls-fingerprint', message: expect.stringContaining('127.0.0.1:') })
      await closed
      expect(received).toEqual([])
    },
  )

  test('trusts no authority, and takes nothing on trust, when it was given a fingerprint', async () => {
    const authority = await testAuthority()
    const { path } = await listener(await authority.issue({ names: ['127.0.0.1'] }))
    for (const tls of [{ ca: authority.ca }, { insecure: true }]) {
      const error = await failure(endpoint().connect({ path, peerFingerprint: fingerprint(bob), tls }))
      expect(error.code).toBe('tls-fingerprint')
    }
  })

  test('shares a connection with sessions that expect the same certificate, and no other', async () => {
    const connections = new Set<string>()
    const far = endpoint({ trace: ({ connection }) => connections.add(connection) })
    const near = endpoint()
    const path = async (): Promise<string> =>
      (await far.prepare({ listen: { tls: bob }, remotePath: 'first' })).localPath
    const expected = [fingerprint(bob), fingerprint(alice)]
    await near.connect({ path: await path(), peerFingerprint: expected })
    await near.connect({ path: await path(), peerFingerprint: [...expected].reverse() })
    expect(connections.size).toBe(1)
    const error = await failure(near.connect({ path: await path(), peerFingerprint: fingerprint(mallory) }))
    expect(error.code).toBe('tls-fingerprint')
  })
})

describe('The side that is connected to', () => {
  test.each<[string, Partial<TestCertificate>]>([
    ['another certificate', mallory],
    ['none', {}],
  ])(
    'tears the session down at once when the peer shows %s, without a word (RFC4975-14.4-5, RFC4975-5.4-9)',
    async (_, shown) => {
      const atBob = await waiting()
      const client = new RawClient(atBob.localPath, shown)
      const completing = failure(atBob.complete(client.from, { peerFingerprint: fingerprint(alice) }))
      await client.ready()
      client.send()
      expect(await completing).toMatchObject({
        code: 'tls-fingerprint',
        message: expect.stringContaining('127.0.0.1:'),
      })
      expect(await client.closed()).toBe('')
    },
  )

  test('takes the right one', async () => {
    const atBob = await waiting()
    const client = new RawClient(atBob.localPath, alice)
    const completing = atBob.complete(client.from, { peerFingerprint: [fingerprint(mallory), fingerprint(alice)] })
    await client.ready()
    client.send('It is me')
    expect(await (await nextMessage(await completing)).text()).toBe('It is me')
  })

  test('keeps waiting for it where whoever comes first is welcome', async () => {
    const listening = await endpoint().listen({ tls: bob, peerFingerprint: fingerprint(alice) })
    const stranger = await new RawClient(listening.localPath, mallory).ready()
    stranger.send()
    expect(await stranger.closed()).toBe('')
    const client = await new RawClient(listening.localPath, alice).ready()
    client.send()
    const { value: session } = await listening[Symbol.asyncIterator]().next()
    expect(await (await nextMessage(session)).text()).toBe('Hello')
  })

  test('lets nobody take a session over who knows its paths alone (RFC4975-14.4-5)', async () => {
    const atBob = await waiting()
    const client = new RawClient(atBob.localPath, alice)
    const completing = atBob.complete(client.from, { peerFingerprint: fingerprint(alice) })
    await client.ready()
    client.send('one')
    const session = await completing
    expect(await (await nextMessage(session)).text()).toBe('one')
    const thief = await new RawClient(atBob.localPath, mallory).ready()
    thief.send('two')
    expect(await thief.closed()).toBe('')
    client.send('three')
    expect(await (await nextMessage(session)).text()).toBe('three')
  })

  test('refuses one session of a connection whose others are trusted, and leaves it to those', async () => {
    const far = endpoint()
    const near = endpoint({ tls: { ...alice, insecure: true } })
    const [trusted, other] = [await waiting(far), await waiting(far)]
    const [one, two] = [await near.prepare({ local: 'msrps://a.invalid:1/one;tcp' }), await near.prepare()]
    const completing = trusted.complete(one.localPath, { peerFingerprint: fingerprint(alice) })
    const [session, passive] = await Promise.all([one.complete(trusted.localPath), completing])
    const refused = failure(other.complete(two.localPath, { peerFingerprint: fingerprint(mallory) }))
    expect(await failure(two.complete(other.localPath))).toMatchObject({ code: 'refused', status: 403 })
    expect((await refused).code).toBe('tls-fingerprint')
    await exchange(session, passive)
  })

  test.each([
    ['TLS 1.3', undefined],
    ['TLS 1.2', 'TLSv1.2'],
  ] as const)('checks again when a session of %s is resumed (RFC4975-14.4-5)', async (_, maxVersion) => {
    const at = endpoint()
    const version = maxVersion === undefined ? {} : { maxVersion }
    const resumed = async (shown: TestCertificate): Promise<RawClient> => {
      const listening = await at.prepare({ listen: { tls: bob }, remotePath: 'first' })
      const before = await new RawClient(listening.localPath, { ...shown, ...version }).ready()
      before.send()
      const session = await before.ticket
      expect(await before.answer()).toContain(' 200 ')
      const guarded = await at.prepare({
        listen: { tls: bob },
        remotePath: 'first',
        peerFingerprint: fingerprint(alice),
      })
      const client = await new RawClient(guarded.localPath, { ...shown, ...version, session }).ready()
      expect(client.socket.isSessionReused()).toBe(true)
      client.send()
      return client
    }
    expect(await (await resumed(mallory)).closed()).toBe('')
    expect(await (await resumed(alice)).answer()).toContain(' 200 ')
  })
})

describe('A fingerprint that could not be checked is refused as an argument:', () => {
  const peerFingerprint = fingerprint(bob)

  test.each<[string, () => Promise<unknown>]>([
    ['without TLS', () => connect({ path: 'msrp://127.0.0.1:9/x;tcp', peerFingerprint })],
    ['listening without TLS', () => prepare({ listen: {}, remotePath: 'first', peerFingerprint })],
    ['through a relay of the peer', () => connect({ path: 'msrps://r:1/x;tcp msrps://p:2/y;tcp', peerFingerprint })],
    [
      'of a hash that is too weak',
      () => connect({ path: 'msrps://127.0.0.1:9/x;tcp', peerFingerprint: `sha-1 ${'AB:'.repeat(19)}AB` }),
    ],
    ['that is none', () => connect({ path: 'msrps://127.0.0.1:9/x;tcp', peerFingerprint: 'AB:CD' })],
  ])('%s', async (_, begin) => {
    expect(await failure(begin())).toMatchObject({ code: 'invalid-argument' })
  })
})
