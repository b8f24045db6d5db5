import { describe, expect, test } from 'vitest'
import { ChatRoom } from '../../src/chatroom/index.ts'
import { buildCpim, cpimEnvelope } from '../../src/cpim/index.ts'
import { Receipts } from '../../src/imdn/index.ts'
import { connect, Endpoint, listen, prepare } from '../../src/index.ts'
import { buildMultipart } from '../../src/multipart/index.ts'
import type { Session } from '../../src/session/api.ts'
import type { MessageBody } from '../../src/session/body.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { active, failure, PEER, waiting } from './stage.ts'

const ALICE = 'sip:alice@example.com'
const BOB = 'sip:bob@example.com'
const ROOM = 'sip:room@example.com'

function invalid(message: RegExp): unknown {
  return expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) })
}

describe('What no message can be made of is refused at once:', () => {
  const ways: readonly [string, (session: Session, body: MessageBody) => unknown][] = [
    ['by a session', (session, body) => session.send(body)],
    ['with receipts', (session, body) => new Receipts(session, { self: ALICE, peer: BOB }).send(body)],
    ['in a chat room', (session, body) => new ChatRoom(session, { uri: ROOM, self: ALICE }).send(body)],
    ['in an envelope', (_, body) => buildCpim({ from: ALICE, to: BOB }, body)],
    ['in a multipart', (_, content) => buildMultipart('mixed', [{ content }])],
    ['in a multipart, whole', (_, whole) => buildMultipart('mixed', [{ whole }])],
  ]

  test.each(ways)('%s', async (_, send) => {
    const { session, peer } = await active()
    for (const body of [undefined, null, 42, {}, { stream: 5 }, { size: -1, stream: [] }]) {
      expect(() => send(session, body as unknown as MessageBody)).toThrow(invalid(/cannot be sent from/))
    }
    expect(session.statistics.unconfirmed).toEqual({ messages: 0, bytes: 0 })
    expect(await peer.all()).toEqual([])
  })

  test('by a session that puts everything into an envelope', async () => {
    const envelope = cpimEnvelope({ from: ALICE, to: BOB })
    const { session, peer } = await active({ envelope, peerAcceptTypes: ['message/cpim'] })
    expect(() => session.send(undefined as unknown as MessageBody)).toThrow(invalid(/from undefined/))
    expect(await peer.all()).toEqual([])
  })
})

describe('What is no object is not taken for options:', () => {
  const endpoint = new Endpoint()
  const calls: readonly [string, (options: never) => Promise<unknown>][] = [
    ['connect', connect],
    ['prepare', prepare],
    ['listen', listen],
    ['connect of an endpoint', (options) => endpoint.connect(options)],
    ['prepare of an endpoint', (options) => endpoint.prepare(options)],
    ['listen of an endpoint', (options) => endpoint.listen(options)],
  ]

  test.each(calls)('%s', async (_, call) => {
    for (const [options, shows] of [
      [null, 'null'],
      [2855, '2855'],
      ['127.0.0.1', '127.0.0.1'],
    ]) {
      const error = await failure(call(options as never))
      expect(error).toEqual(invalid(new RegExp(`options.* an object, not "${shows}"`)))
    }
  })

  test('none at all where a path is needed', async () => {
    for (const call of [connect, (options: never) => endpoint.connect(options)]) {
      expect(await failure(call(undefined as never))).toEqual(invalid(/options.* an object, not "undefined"/))
    }
  })
})

test.each([undefined, null, 'wss://relay.example'])('In a browser %j lacks path and relay', async (given) => {
  const options = given as never
  const endpoint = new MsrpEndpoint(Object.assign(new MemoryPlatform(), { direct: undefined }), {})
  expect(await failure(endpoint.connect(options))).toEqual(invalid(/The path of the peer/))
  expect(await failure(endpoint.prepare(options))).toEqual(invalid(/through a relay: give one/))
})

describe('What is no path is said to be none:', () => {
  test.each<[unknown, RegExp]>([
    [undefined, /holds no URI/],
    [null, /holds no URI/],
    [[], /holds no URI/],
    [42, /"42" is no MSRP URI/],
    [{ path: PEER }, /"\[object" is no MSRP URI/],
  ])('the peer’s %j', async (given, shows) => {
    const path = given as string
    const { endpoint, prepared } = await waiting()
    const error = invalid(new RegExp(`^The path of the peer cannot be used: .*${shows.source}`))
    expect(await failure(endpoint.connect({ path }))).toEqual(error)
    expect(await failure(prepared.complete(path))).toEqual(error)
  })

  test.each([undefined, null, {}])('the relay’s %j', async (uri) => {
    const { endpoint } = await waiting()
    const error = invalid(/^The relay's URI cannot be used: .* is no MSRP URI/)
    expect(await failure(endpoint.prepare({ relay: { uri: uri as string } }))).toEqual(error)
  })
})

describe('An option that cannot be is named, with what it has to be:', () => {
  test.each<[string, object, RegExp]>([
    ['a place that is none', { listen: 2855 }, /listen has to be an object.*, not "2855"/],
    ['a port in letters', { listen: { port: 'http' } }, /listen: port has to be .*65535, not "http"/],
    ['a port that there is not', { listen: { port: 70_000 } }, /listen: port has to be .*65535, not "70000"/],
    ['a host that is no text', { listen: { host: 5 } }, /listen: host has to be a text, not "5"/],
    ['a public host that is no text', { listen: { publicHost: 5 } }, /listen: publicHost has to be a text/],
    ['a public port that is none', { listen: { publicPort: -1 } }, /listen: publicPort has to be .*65535/],
    ['certificates that are none', { listen: { tls: 'key' } }, /listen: tls has to be an object/],
    ['who may come in another word', { listen: {}, remotePath: 'frist' }, /remotePath.*strict.*first.*"frist"/],
    ['a relay by its name alone', { relay: 'relay.example' }, /relay has to be an object with uri.*"relay.example"/],
    ['no relay', { relay: null }, /relay has to be an object with uri.*not "null"/],
    ['a local URI without host', { local: { port: 1 } }, /local has to be .*host and port/],
    ['a local URI that is a number', { local: 5 }, /local has to be .*not "5"/],
    ['a local URI that is none', { local: 'here' }, /The local URI cannot be used.*"here"/],
    ['certificates of no kind', { tls: 5 }, /tls has to be an object/],
    ['a signal that is none', { signal: 5 }, /signal has to be an AbortSignal/],
    ['one type for a list', { acceptTypes: 'text/plain' }, /acceptTypes has to be a list of media types, not "text/],
    ['no types at all', { acceptTypes: [] }, /acceptTypes has to be a list of media types, not an empty one/],
    ['one container for a list', { containers: {} }, /containers has to be a list/],
    ['a verdict for what decides', { onRequest: 403 }, /onRequest has to be a function, not "403"/],
    ['a time in letters', { keepAlive: '30s' }, /keepAlive has to be .*milliseconds, not "30s"/],
    ['a negative time', { idleTimeout: -1 }, /idleTimeout has to be .*milliseconds/],
    ['a size in letters', { maxMessageSize: '1M' }, /maxMessageSize has to be .*bytes above 0, not "1M"/],
    ['a size of nothing', { maxMessageSize: 0 }, /maxMessageSize has to be .*bytes above 0, not "0"/],
    ['a fingerprint that is no text', { peerFingerprint: 5 }, /peerFingerprint has to be a text or a list/],
    ['limits that are none', { limits: 5 }, /limits has to be an object/],
    ['a report on something else', { reportOn: 'read' }, /reportOn has to be .*taken.*received.*"read"/],
  ])('%s', async (_, options, message) => {
    const endpoint = new MsrpEndpoint(new MemoryPlatform(), {})
    expect(await failure(endpoint.prepare(options))).toEqual(invalid(message))
    if ('remotePath' in options) return
    expect(await failure(endpoint.connect({ path: PEER, ...options }))).toEqual(invalid(message))
  })
})
