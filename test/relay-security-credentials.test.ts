import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { parseChallenge } from 'msrp/wire'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, test } from 'vitest'
import { cipherSuites, testAuthority } from '../packages/msrp/test/transport/test-certificates.ts'
import { freePort } from './support/free-port.ts'
import { credentialsFor, RawClient } from './support/raw-client.ts'
import { newAuthority, startRelay, type TestAuthority, type TestRelay } from './support/relay.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'
import { Trap } from './support/trap.ts'

// Who gets a token, and who may use it.

const authFailures = 3

let relay: TestRelay
let authority: TestAuthority
let tcpPort: number

beforeAll(async () => {
  authority = await newAuthority()
  tcpPort = await freePort()
  const settings = { limits: { auth_failures: authFailures } }
  relay = await startRelay({ lifetime: 'file', authority, tcpPort, settings })
})

describe('TLS of the relay', () => {
  test('shows a certificate that has the name of the relay in its subjectAltName (RFC4976-9.2-4)', async () => {
    const ca = authority.certificate
    const socket = connectTls({ host: '127.0.0.1', port: relay.port, servername: 'localhost', ca })
    await once(socket, 'secureConnect')
    const { subjectaltname } = socket.getPeerCertificate()
    const { authorized } = socket
    socket.destroy()
    expect(authorized).toBe(true)
    expect(subjectaltname?.split(', ')).toContain('DNS:localhost')
  })

  /** With a certificate of RSA: there are suites that need one, such as TLS_RSA_WITH_AES_128_CBC_SHA. */
  let rsaRelay: TestRelay
  let rsaCa: string

  beforeAll(async () => {
    const { ca, issue } = await testAuthority()
    const { cert, key } = await issue({ names: ['localhost'], rsa: true })
    const folder = temporaryFolderOfFile()
    const tls = { certificate: join(folder, 'relay.pem'), key: join(folder, 'relay.key') }
    writeFileSync(tls.certificate, cert)
    writeFileSync(tls.key, key, { mode: 0o600 })
    rsaRelay = await startRelay({ lifetime: 'file', settings: { tls } })
    rsaCa = ca
  })

  test.each([
    ['ECDHE-ECDSA-AES128-GCM-SHA256', true],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', true],
    ['ECDHE-ECDSA-AES128-SHA', false],
    ['ECDHE-ECDSA-AES256-SHA384', false],
    ...cipherSuites,
  ] as const)('has no obsolete cipher suite: %s: %s (RFC4975-14.2-2, RFC4976-9.2-3)', async (ciphers, spoken) => {
    const [{ port }, ca] = ciphers.includes('ECDSA') ? [relay, authority.certificate] : [rsaRelay, rsaCa]
    const own = { servername: 'localhost', ca, maxVersion: 'TLSv1.2', ciphers } as const
    const socket = connectTls({ host: '127.0.0.1', port, ...own })
    const outcome = await once(socket, 'secureConnect').then(() => socket.getCipher().name, String)
    socket.destroy()
    if (spoken) expect(outcome).toBe(ciphers)
    else expect(outcome).toMatch(/handshake failure/)
  })
})

describe('credentials', () => {
  test('bring a token, and every 200 says how long it lives', async () => {
    const client = await relay.connect()
    const { head } = await client.authenticate(relay.alice, { toPath: [relay.uri] })
    expect(head.status).toBe(200)
    expect(head.fields.get('Expires')).toBe('3600')
    expect(client.token).toMatch(/^msrps:\/\/localhost:\d+\/[\w.+=-]{22,};tcp$/)
  })

  test('are asked for with another nonce each time', async () => {
    const client = await relay.connect()
    const nonces = new Set<string>()
    for (let round = 0; round < 4; round++) nonces.add(nonceOf(await challenge(client)))
    expect(nonces.size).toBe(4)
  })

  test.each([
    ['a wrong password', () => ({ ...relay.alice, password: 'wrong' })],
    ['an unknown user', () => ({ username: 'nobody', password: relay.alice.password })],
    ["another user's password", () => ({ ...relay.alice, password: relay.bob.password })],
    ['an empty password', () => ({ ...relay.alice, password: '' })],
  ])('are refused alike: %s', async (_, user) => {
    const client = await relay.connect()
    const { head } = await client.authenticate(user(), { toPath: [relay.uri] })
    expect(head.status).toBe(401)
    expect(head.comment).toBe('Unauthorized')
    expect(isStale(head.fields.get('WWW-Authenticate'))).toBe(false)
    expect(head.fields.get('Use-Path')).toBeUndefined()
  })

  test('are good once: the same again on the same connection is a replay (RFC4976-9.1-1)', async () => {
    const client = await relay.connect()
    const credentials = answer(await challenge(client))
    expect((await client.answer(credentials, { toPath: [relay.uri] })).head.status).toBe(200)
    const replayed = await client.answer(credentials, { toPath: [relay.uri] })
    expect(replayed.head.status).toBe(401)
    expect(replayed.head.fields.get('Use-Path')).toBeUndefined()
  })

  test('are good again with a higher count and not with a lower one', async () => {
    const client = await relay.connect()
    const challenged = await challenge(client)
    const status = async (count: number): Promise<number> =>
      (await client.answer(answer(challenged, { count }), { toPath: [relay.uri] })).head.status
    expect([await status(2), await status(1), await status(2), await status(3)]).toEqual([200, 401, 401, 200])
  })

  test('are bound to the connection they were asked for on, used or not (FIELD-relay-8)', async () => {
    const client = await relay.connect()
    const used = answer(await challenge(client))
    expect((await client.answer(used, { toPath: [relay.uri] })).head.status).toBe(200)
    const unused = answer(await challenge(client))
    for (const credentials of [used, unused]) {
      const thief = await relay.connect()
      const { head } = await thief.answer(credentials, { toPath: [relay.uri] })
      expect(head.status).toBe(401)
      expect(isStale(head.fields.get('WWW-Authenticate'))).toBe(false)
    }
  })

  test('for an old nonce are stale, and those for the nonce that comes with this are good (RFC4976-9.1-1)', async () => {
    const forgetful = await startRelay({ settings: { digest: { nonce_lifetime: 2 } } })
    const toPath = [forgetful.uri]
    const client = await forgetful.connect()
    const user = { ...forgetful.alice, uri: forgetful.uri }
    const challenged = await client.response(client.request('AUTH', { toPath }))
    let last = challenged
    for (let count = 1; !isStale(last.head.fields.get('WWW-Authenticate')); count++) {
      await delay(100)
      last = await client.answer(credentialsFor(challenged, { ...user, count }), { toPath })
    }
    expect(last.head.status).toBe(401)
    expect((await client.answer(credentialsFor(last, user), { toPath })).head.status).toBe(200)
  })

  test('for a nonce that another relay gave, or nobody, are worth nothing', async () => {
    const other = await startRelay({ authority })
    const elsewhere = await other.connect()
    const foreign = await elsewhere.response(elsewhere.request('AUTH', { toPath: [other.uri] }))
    const now = Math.floor(Date.now() / 1000).toString(16)
    for (const nonce of [nonceOf(foreign), 'invented', `${now}.0123456789abcdef.0123456789abcdef`]) {
      const client = await relay.connect()
      const { head } = await client.answer(answer(await challenge(client), { nonce }), { toPath: [relay.uri] })
      expect(head.status).toBe(401)
      expect(isStale(head.fields.get('WWW-Authenticate'))).toBe(false)
    }
  })

  test.each([
    ['no credentials at all', 'Digest'],
    ['another scheme', `Basic ${Buffer.from('alice:secret').toString('base64')}`],
    ['an unknown algorithm', 'Digest username="alice", realm="localhost", nonce="x", algorithm=MD4, response="0"'],
    ['no text', ''],
    ['quotes that do not end', 'Digest username="alice'],
  ])('that cannot be read are refused: %s', async (_, credentials) => {
    const client = await relay.connect()
    const { head } = await client.answer(credentials, { toPath: [relay.uri] })
    expect(head.status).toBeOneOf([400, 401])
    expect(head.fields.get('Use-Path')).toBeUndefined()
    expect((await client.authenticate(relay.alice, { toPath: [relay.uri] })).head.status).toBe(200)
  })

  test('computed over another URI than that of the request are refused', async () => {
    const client = await relay.connect()
    const credentials = answer(await challenge(client), { uri: 'msrps://elsewhere.invalid:2855;tcp' })
    expect((await client.answer(credentials, { toPath: [relay.uri] })).head.status).toBe(401)
  })
})

describe('a connection', () => {
  test('is closed after several failed AUTHs, each of which is answered (RFC4976-6.3-7)', async () => {
    const client = await relay.connect()
    for (let attempt = 1; attempt <= authFailures; attempt++) {
      const { head } = await client.authenticate({ ...relay.alice, password: 'guess' }, { toPath: [relay.uri] })
      expect(head.status).toBe(401)
    }
    await client.untilClosed()
  })

  test('begins to count anew after an AUTH that succeeded', async () => {
    const client = await relay.connect()
    const wrong = { ...relay.alice, password: 'guess' }
    for (let attempt = 1; attempt < authFailures; attempt++) {
      await client.authenticate(wrong, { toPath: [relay.uri] })
    }
    await client.authenticate(relay.alice, { toPath: [relay.uri] })
    for (let attempt = 1; attempt < authFailures; attempt++) {
      expect((await client.authenticate(wrong, { toPath: [relay.uri] })).head.status).toBe(401)
    }
    expect((await client.authenticate(relay.alice, { toPath: [relay.uri] })).head.status).toBe(200)
  })

  test('without TLS gets no challenge and no token (RFC4976-9.2-6, RFC4976-9.4-1)', async () => {
    const client = await RawClient.connect({ port: tcpPort })
    const plain = `msrp://localhost:${tcpPort};tcp`
    for (const uri of [relay.uri, plain]) {
      const { head } = await client.response(client.request('AUTH', { toPath: [uri] }))
      expect(head.status).toBe(403)
      expect(head.fields.get('WWW-Authenticate')).toBeUndefined()
    }
    // Credentials that were asked for over TLS do not help either.
    const credentials = answer(await challenge(await relay.connect()))
    expect((await client.answer(credentials, { toPath: [relay.uri] })).head.status).toBe(403)
  })

  test('for a request to another relay is closed', async () => {
    const client = await relay.connect()
    client.request('AUTH', { toPath: ['msrps://elsewhere.invalid:2855;tcp'] })
    await client.untilClosed()
  })

  test('from somebody who poses as the relay itself is closed', async () => {
    const alice = await relay.login(relay.alice)
    const client = await relay.connect()
    client.send(alice.path, 'hello', { fromPath: [alice.token, 'msrps://peer.invalid:9000/x;tcp'] })
    await client.untilClosed()
    expect(alice.requests).toEqual([])
  })
})

describe('who comes through another relay', () => {
  const name = 'other.localhost'
  const fromPath = [`msrps://${name}:2855/s3cr3t;tcp`, 'msrps://client.invalid:9000/client;tcp']

  test('is asked for credentials where that relay shows a certificate', async () => {
    const certificate = await issueCertificate({ names: [name], ca: authority })
    const other = await relay.connect({ certificate })
    const auth = other.request('AUTH', { toPath: [relay.uri], fromPath })
    expect((await other.response(auth)).head.status).toBe(401)
  })

  test.each([
    ['shows none', async () => undefined],
    ['shows one of an unknown authority', async () => issueCertificate({ names: [name], ca: await createAuthority() })],
    ['shows one for another name', async () => issueCertificate({ names: ['third.localhost'], ca: authority })],
    [
      'shows one that has run out',
      async () =>
        issueCertificate({ names: [name], ca: authority, days: 1, now: new Date(Date.now() - 5 * 86_400_000) }),
    ],
  ])('is refused with 403 where that relay %s (RFC4976-9.2-5)', async (_, certify) => {
    const certificate = await certify()
    const other = await relay.connect(certificate === undefined ? {} : { certificate })
    const auth = other.request('AUTH', { toPath: [relay.uri], fromPath })
    const { head } = await other.response(auth)
    expect(head.status).toBe(403)
    expect(head.fields.get('WWW-Authenticate')).toBeUndefined()
  })

  test('RFC4976-9.2-8: a certificate that does not pass is ignored, its owner may be a client', async () => {
    const certificate = await issueCertificate({ names: [name], ca: await createAuthority() })
    const client = await relay.login(relay.alice, { certificate })
    expect(client.token).not.toBe('')
  })

  test('may use the token only through that relay', async () => {
    const trap = await Trap.listen()
    const certificate = await issueCertificate({ names: [name], ca: authority })
    const other = await relay.connect({ certificate })
    const granted = await other.authenticate(relay.alice, { toPath: [relay.uri], fromPath })
    expect(granted.head.status).toBe(200)
    const token = String(granted.head.fields.usePath?.at(-1))
    const impostor = await relay.connect({
      certificate: await issueCertificate({ names: [name], ca: await createAuthority() }),
    })
    impostor.send([token, trap.uri], 'hello', { fromPath })
    // It goes to the holder, as whatever comes from elsewhere.
    expect(String((await other.nextRequest()).head.fields.toPath[0])).toBe(trap.uri)
    expect(await trap.connections()).toBe(0)
  })
})

describe('a token', () => {
  test('is not extended by anybody but its holder', async () => {
    const alice = await relay.login(relay.alice)
    const bob = await relay.connect()
    const target = [alice.token]
    expect((await bob.authenticate(relay.bob, { toPath: target })).head.status).toBe(481)
    // Not even with the password of its owner: the token lives with the connection.
    expect((await bob.authenticate(relay.alice, { toPath: target })).head.status).toBe(481)
    expect((await alice.authenticate(relay.bob, { toPath: target })).head.status).toBe(481)
    expect((await alice.authenticate(relay.alice, { toPath: target })).head.status).toBe(200)
  })

  test('ends with the connection of its holder (RFC4976-6.3-3)', async () => {
    const alice = await relay.login(relay.alice)
    alice.destroy()
    const peer = await relay.connect()
    // Its end reaches the relay a moment after ours.
    for (let status = 200; status !== 481; ) {
      const sent = peer.send(alice.path, 'hello')
      status = (await peer.response(sent)).head.status
    }
    const returned = await relay.login(relay.alice)
    returned.send([alice.token, 'msrps://peer.invalid:9000/x;tcp'], 'hello', { transactionId: 'returned1234' })
    expect((await returned.response('returned1234')).head.status).toBe(481)
  })

  test('serves one peer: a second one is refused with 506, and neither the holder nor the first is disturbed', async () => {
    const alice = await relay.login(relay.alice)
    const [first, second] = [await relay.connect(), await relay.connect({ uri: 'msrps://second.invalid:9000/2;tcp' })]
    expect((await first.response(first.send(alice.path, 'one'))).head.status).toBe(200)
    expect((await second.response(second.send(alice.path, 'two'))).head.status).toBe(506)
    expect((await first.response(first.send(alice.path, 'three'))).head.status).toBe(200)
    await alice.until(() => alice.requests[1], 'second message')
    expect(alice.requests.map(({ body }) => String(body))).toEqual(['one', 'three'])
  })

  test('of one client does not carry what another one sends as if it held it (RFC4976-6.3-2)', async () => {
    const trap = await Trap.listen()
    const alice = await relay.login(relay.alice)
    const bob = await relay.login(relay.bob)
    bob.send([alice.token, trap.uri], 'hello', { fromPath: [alice.uri] })
    // To the holder it is a message like any other, addressed wrongly.
    expect(String((await alice.nextRequest()).head.fields.toPath[0])).toBe(trap.uri)
    expect(await trap.connections()).toBe(0)
  })
})

async function challenge(client: RawClient): ReturnType<RawClient['response']> {
  const response = await client.response(client.request('AUTH', { toPath: [relay.uri] }))
  expect(response.head.status).toBe(401)
  return response
}

function answer(
  challenged: Awaited<ReturnType<typeof challenge>>,
  options: { nonce?: string; count?: number; uri?: string } = {},
): string {
  return credentialsFor(challenged, { ...relay.alice, uri: relay.uri, ...options })
}

function nonceOf({ head }: Awaited<ReturnType<typeof challenge>>): string {
  return parseChallenge(head.fields.get('WWW-Authenticate') ?? '').nonce
}

function isStale(challengeValue: string | undefined): boolean {
  return /stale="?true/i.test(challengeValue ?? '')
}
