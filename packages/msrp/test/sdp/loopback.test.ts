import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { completeSettings, createAuthority, issueCertificate, type RunningRelay, startRelay } from 'msrp-relay'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import { Endpoint, type Session } from '../../src/index.ts'
import { type MediaWishes, Negotiation } from '../../src/sdp/index.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'
import { failure, nextMessage, pattern } from '../session/stage.ts'
import { selfSigned } from '../transport/test-certificates.ts'
import { attributeOf } from './stub-endpoint.ts'

// What stubs cannot prove: that two texts make a session, over real sockets and through a real relay.

const folder = temporaryFolder()
const alice = await selfSigned({ names: ['sip:alice@example.com'] })
const bob = await selfSigned({ names: ['sip:bob@example.com'] })
const listen = { host: '127.0.0.1' }

let relay: RunningRelay
let ca: string
/** Of an authority that the relay trusts. */
let known: { cert: string; key: string }
const cleanups = cleanupsAfterEach()

beforeAll(async () => {
  const authority = await createAuthority()
  const { certificate, key } = await issueCertificate({ names: ['relay.localhost'], ca: authority })
  const file = (name: string): string => join(folder.path, name)
  ca = authority.certificate
  const issued = await issueCertificate({ names: ['localhost'], ca: authority })
  known = { cert: issued.certificate, key: issued.key }
  await writeFile(file('cert.pem'), certificate)
  await writeFile(file('key.pem'), key)
  await writeFile(file('ca.pem'), ca)
  const tls = { certificate: file('cert.pem'), key: file('key.pem'), ca: file('ca.pem') }
  const settings = completeSettings({
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0, transport: 'wss' },
    ],
    advertised: { name: 'relay.localhost' },
    realm: 'relay.localhost',
    tls,
    stateFolder: file('relay'),
    log: { level: 'silent' },
    drain: 0,
  })
  relay = await startRelay(settings)
  for (const username of ['carol', 'dave']) {
    await relay.state.database?.add({ username, domain: 'relay.localhost', password: 'secret' })
  }
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => relay.close())

function side(wishes: MediaWishes | readonly MediaWishes[]): Negotiation {
  const endpoint = new Endpoint()
  const negotiation = new Negotiation(endpoint, wishes)
  cleanups.push(() => endpoint.close())
  return negotiation
}

function through(username: string): MediaWishes {
  const uri = `msrps://relay.localhost:${relay.listeners[0]?.port};tcp`
  return { relay: { uri, username, password: 'secret' }, tls: { ca } }
}

function byWebSocket(username: string): MediaWishes {
  const uri = `wss://relay.localhost:${relay.listeners[1]?.port}/`
  return { relay: { uri, username, password: 'secret' }, tls: { ca } }
}

/** A relay connects by TLS, and looks at names. */
function atLocalhost(): MediaWishes {
  return { listen: { host: '127.0.0.1', publicHost: 'localhost', tls: known } }
}

/** Offer and answer as SIP carries them. */
async function call(
  offerer: Negotiation,
  answerer: Negotiation,
  onTheWay: (text: string) => string = (text) => text,
): Promise<{ caller: Session; callee: Session; offer: string; answer: string }> {
  const acknowledged = Promise.withResolvers<void>()
  const offer = onTheWay(await offerer.offer())
  const answer = onTheWay(await answerer.answer(offer, { connectAfter: acknowledged.promise }))
  const accepted = offerer.accept(answer)
  acknowledged.resolve()
  const [caller, callee] = await Promise.all([accepted, answerer.session])
  return { caller, callee, offer, answer }
}

async function exchange(from: Session, to: Session, text: string): Promise<void> {
  const sent = from.send(text)
  expect(await (await nextMessage(to)).text()).toBe(text)
  await sent.delivered
}

describe('Two texts make a session (RFC6135-3-1, RFC6135-3-2)', () => {
  test.each<[string, () => [MediaWishes, MediaWishes], offered: string, answered: string]>([
    ['when the answerer listens', () => [{}, { listen }], 'active', 'passive'],
    ['when both listen', () => [{ listen }, { listen }], 'actpass', 'passive'],
    ['when the offerer listens', () => [{ listen }, {}], 'actpass', 'active'],
    ['at names of hosts', () => [{}, { listen: { host: '127.0.0.1', publicHost: 'localhost' } }], 'active', 'passive'],
    [
      'over TLS, by fingerprint (RFC4975-14.4-4)',
      () => [{ listen: { ...listen, tls: alice } }, { listen: { ...listen, tls: bob } }],
      'actpass',
      'passive',
    ],
    [
      'over TLS, by fingerprint, the answerer connecting',
      () => [{ listen: { ...listen, tls: alice } }, { tls: bob }],
      'actpass',
      'active',
    ],
    [
      'over TLS, the answerer connecting, since it listens without',
      () => [{ listen: { ...listen, tls: alice } }, { listen, tls: bob }],
      'actpass',
      'active',
    ],
    [
      'without TLS, as offered, at one who could listen with it',
      () => [{}, { listen: { ...listen, tls: bob }, secure: false }],
      'active',
      'passive',
    ],
    ['through the relay of the offerer', () => [through('carol'), atLocalhost()], 'actpass', 'passive'],
    ['through the relay of the answerer', () => [{ tls: { ca } }, through('dave')], 'active', 'passive'],
    [
      'through the relay of the offerer, the answerer connecting',
      () => [through('carol'), { tls: { ca } }],
      'actpass',
      'active',
    ],
    ['by WebSocket, to one behind the same relay', () => [byWebSocket('carol'), through('dave')], 'actpass', 'passive'],
    ['through the relays of both (RFC6135-4.5-1)', () => [through('carol'), through('dave')], 'actpass', 'passive'],
  ])('%s', async (_, wishes, offered, answered) => {
    const [ours, theirs] = wishes()
    const { caller, callee, offer, answer } = await call(side(ours), side(theirs))
    expect([attributeOf(offer, 'setup'), attributeOf(answer, 'setup')]).toEqual([offered, answered])
    await exchange(caller, callee, 'Hello')
    await exchange(callee, caller, 'Hello yourself')
    expect([caller.localPath, caller.remotePath]).toEqual([attributeOf(offer, 'path'), attributeOf(answer, 'path')])
  })

  test.each(['actpass', 'active', 'passive', undefined])(
    'each side connects to its relay, to say its path, and to nobody else, when an offer says %s (RFC6135-4.5-1)',
    async (setup) => {
      const seen: { who: string; connection: string; number: number }[] = []
      const at = (who: string): Negotiation => {
        const endpoint = new Endpoint({
          trace: ({ connection, number, direction }) => {
            if (direction === 'out') seen.push({ who, connection, number })
          },
        })
        cleanups.push(() => endpoint.close())
        return new Negotiation(endpoint, through(who))
      }
      const [offerer, answerer] = [at('carol'), at('dave')]
      const line = setup === undefined ? '' : `a=setup:${setup}\r\n`
      const offer = (await offerer.offer()).replace(/a=setup:.*\r\n/, line)
      expect(new Set(seen.map(({ who }) => who))).toEqual(new Set(['carol']))
      const answer = await answerer.answer(offer)
      expect(new Set(seen.map(({ who }) => who))).toEqual(new Set(['carol', 'dave']))
      const [caller, callee] = await Promise.all([offerer.accept(answer), answerer.session])
      await exchange(caller, callee, 'Hello')
      await exchange(callee, caller, 'Hello yourself')
      const connections = new Set(seen.map(({ who, connection, number }) => `${who} ${number} ${connection}`))
      const port = relay.listeners[0]?.port
      expect([...connections].toSorted()).toEqual(
        ['carol', 'dave'].map((who) => expect.stringMatching(new RegExp(`^${who} 1 tls \\S+:${port}$`))),
      )
    },
  )

  test('the answerer may connect before the offerer has read the answer', async () => {
    const [offerer, answerer] = [side({ listen }), side({})]
    const answer = await answerer.answer(await offerer.offer())
    // Its first request has been refused by now.
    const early = await failure(side([]).accept(answer))
    expect(early).toMatchObject({ code: 'invalid-argument' })
    const [caller, callee] = await Promise.all([offerer.accept(answer), answerer.session])
    await exchange(callee, caller, 'Hello')
  })
})

describe('A certificate that is not the one announced ends it (RFC6135-4.3-1)', () => {
  const wrong = (text: string): string => text.replace(/^(a=fingerprint:sha-256 )../m, '$100')
  const same = (text: string): string => text
  test.each<[string, MediaWishes, MediaWishes, typeof wrong, typeof wrong]>([
    ['in the answer, of one who waits', { secure: true }, { listen: { ...listen, tls: bob } }, same, wrong],
    ['in the offer, of one who waits', { listen: { ...listen, tls: alice } }, { tls: bob }, wrong, same],
    ['in the offer, of one who connects', { tls: alice }, { listen: { ...listen, tls: bob } }, wrong, same],
    ['in the answer, of one who connects', { listen: { ...listen, tls: alice } }, { tls: bob }, same, wrong],
  ])('%s', async (_, ours, theirs, offered, answered) => {
    const [offerer, answerer] = [side(ours), side(theirs)]
    const answer = answered(await answerer.answer(offered(await offerer.offer())))
    // The one who sees it says so; what the other one hears, and when, is up to TLS.
    const seen = Promise.withResolvers<unknown>()
    for (const session of [offerer.accept(answer), answerer.session]) {
      session.catch(({ code }) => code === 'tls-fingerprint' && seen.resolve(code))
    }
    expect(await seen.promise).toBe('tls-fingerprint')
  })
})

/** A middlebox that anchors media: it passes bytes on, and puts its own address into c- and m-line (RFC 6714 §6). */
async function middlebox(): Promise<{
  anchor: (text: string) => string
  /** One that rewrites the path as well. */
  rewrite: (text: string) => string
  connections: () => number
}> {
  let target = 0
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    connections++
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const anchor = (text: string): string =>
    text.replace(/^m=message (\d+) /m, (line, original: string) => {
      if (Number(original) <= 9) return line
      target = Number(original)
      return `m=message ${port} `
    })
  const rewrite = (text: string): string =>
    anchor(text).replace(/^(a=path:\w+:\/\/[^:]+):(\d+)/m, (path, start: string, original: string) =>
      Number(original) <= 9 ? path : `${start}:${port}`,
    )
  return { anchor, rewrite, connections: () => connections }
}

describe('A middlebox', () => {
  test.each<[string, MediaWishes, MediaWishes]>([
    ['the offerer connects', {}, { listen }],
    ['the answerer connects', { listen }, {}],
    [
      'the offerer connects, over TLS from end to end (RFC6714-7.2-1)',
      { secure: true },
      { listen: { ...listen, tls: bob } },
    ],
  ])('is gone through when both know msrp-cema, and %s', async (_, ours, theirs) => {
    const { anchor, connections } = await middlebox()
    const { caller, callee } = await call(side({ ...ours, cema: true }), side({ ...theirs, cema: true }), anchor)
    await exchange(caller, callee, 'Hello')
    expect(connections()).toBe(1)
  })

  test('may rewrite the path, when session-ids alone count', async () => {
    const { rewrite, connections } = await middlebox()
    const { caller, callee, answer } = await call(side({ sessmatch: true }), side({ listen, sessmatch: true }), rewrite)
    expect(caller.remotePath).toBe(attributeOf(answer, 'path'))
    expect(caller.remotePath).not.toBe(callee.localPath)
    await exchange(caller, callee, 'Hello')
    await exchange(callee, caller, 'Hello yourself')
    expect(connections()).toBe(1)
  })

  test('is gone by when nobody knows msrp-cema', async () => {
    const { anchor, connections } = await middlebox()
    const { caller, callee } = await call(side({}), side({ listen }), anchor)
    await exchange(caller, callee, 'Hello')
    expect(connections()).toBe(0)
  })
})

describe('While a session lives', () => {
  test('another offer does not disturb what is under way', async () => {
    const [offerer, answerer] = [side({}), side({ listen })]
    const { caller, callee, offer } = await call(offerer, answerer)
    const body = pattern(4 * 1024 * 1024)
    const sent = caller.send(body)
    const message = await nextMessage(callee)
    const reader = message.stream().getReader()
    const pieces = [(await reader.read()).value ?? new Uint8Array()]
    offerer.hold()
    const second = await offerer.offer()
    expect(second).not.toBe(offer)
    expect(await offerer.accept(await answerer.answer(second))).toBe(caller)
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) pieces.push(piece.value)
    expect(Buffer.concat(pieces).equals(body)).toBe(true)
    await sent.delivered
    expect(caller.state).toBe('open')
  })

  test('a new offer after its loss brings another one', async () => {
    const [offerer, answerer] = [side({}), side({ listen })]
    const { caller, callee } = await call(offerer, answerer)
    await callee.close()
    await caller.closed
    const next = await call(offerer, answerer)
    expect(next.caller.localPath).not.toBe(caller.localPath)
    await exchange(next.caller, next.callee, 'Again')
  })

  test('several m-lines are several sessions', async () => {
    const [offerer, answerer] = [side([{}, {}]), side([{ listen }, { listen }])]
    await call(offerer, answerer)
    const callers = await Promise.all(offerer.media.map(({ session }) => session))
    const callees = await Promise.all(answerer.media.map(({ session }) => session))
    await exchange(callers[1] as Session, callees[1] as Session, 'second')
    await exchange(callers[0] as Session, callees[0] as Session, 'first')
  })
})

test('one offer that two answer has a session with each', async () => {
  const [offerer, one, other] = [side({}), side({ listen }), side({ listen })]
  const offer = await offerer.offer()
  const second = offerer.fork()
  const [toOne, toOther] = await Promise.all([
    offerer.accept(await one.answer(offer)),
    second.accept(await other.answer(offer)),
  ])
  expect(toOne.localPath).toBe(toOther.localPath)
  await exchange(toOther, await other.session, 'to the second')
  await exchange(await one.session, toOne, 'from the first')
  await offerer.close()
  await exchange(toOther, await other.session, 'still there')
})
