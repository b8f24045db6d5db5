import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import { dialledPeer, failure, nextMessage, PEER, stateOf } from './stage.ts'

describe('The active side', () => {
  test('sends a SEND without body first, and its own path is of 128 random bits at a name that does not exist (RFC4975-5.4-2, RFC4975-5.4-4, RFC4975-14.1-1)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    expect(bind.hasBody).toBe(false)
    expect(bind.flag).toBe('$')
    expect(bind.field('Byte-Range')).toBe('1-0/0')
    expect(bind.field('To-Path')).toBe(PEER)
    expect(bind.fieldNames).toEqual([
      'To-Path',
      'From-Path',
      'Message-ID',
      'Success-Report',
      'Failure-Report',
      'Byte-Range',
    ])
    const local = MsrpUri.parse(bind.field('From-Path')!)
    expect(local.host).toMatch(/\.invalid$/)
    expect(local.sessionId).toMatch(/^.{26}$/)
    expect(await stateOf(connecting)).toBe('pending')
    peer.respond(bind)
    const session = await connecting
    expect(session.localPath).toBe(local.toString())
    expect(session.remotePath).toBe(PEER)
    await session.close()
  })

  test.each([
    [481, 'refused'],
    [506, 'refused'],
    [403, 'refused'],
    [408, 'timeout'],
  ])('fails with %i when the first request is answered so', async (status, code) => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'), status, 'No')
    expect(await failure(connecting)).toMatchObject({ code, status })
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('fails with timeout when the first request is not answered within 30 s', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER })
    const peer = await dialledPeer(platform)
    await peer.request('SEND')
    await platform.clock.advance(29_999)
    expect(await stateOf(connecting)).toBe('pending')
    await platform.clock.advance(1)
    expect(await failure(connecting)).toMatchObject({ code: 'timeout' })
  })

  test('needs a port in the URI it connects to', async () => {
    const connecting = new MsrpEndpoint(new MemoryPlatform(), {}).connect({ path: 'msrp://peer.example/x;tcp' })
    expect(await failure(connecting)).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('port'),
    })
  })

  test('stops dialling when it is told to give up', async () => {
    const platform = new MemoryPlatform()
    const dialling = Promise.withResolvers<AbortSignal | undefined>()
    platform.dial = (target) => {
      dialling.resolve(target.signal)
      return new Promise(() => {})
    }
    const controller = new AbortController()
    const connecting = failure(new MsrpEndpoint(platform, {}).connect({ path: PEER, signal: controller.signal }))
    const signal = await dialling.promise
    controller.abort()
    expect(await connecting).toMatchObject({ code: 'aborted' })
    expect(signal?.aborted).toBe(true)
  })

  test('does not keep a connection that comes when the endpoint is closed', async () => {
    const platform = new MemoryPlatform()
    const dial = platform.dial.bind(platform)
    let connect = (): void => {}
    const ready = new Promise<void>((resolve) => {
      connect = resolve
    })
    platform.dial = async (target) => {
      await ready
      return dial(target)
    }
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = failure(endpoint.connect({ path: PEER }))
    await settled()
    const closing = endpoint.close()
    connect()
    expect(await connecting).toMatchObject({ code: 'closed' })
    await closing
    const peer = await dialledPeer(platform)
    await settled()
    expect(peer.closed).toBe(true)
  })

  test('does not begin when it was told to give up before', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, signal: AbortSignal.abort('too late') })
    expect(await failure(connecting)).toMatchObject({ name: 'MsrpError', code: 'aborted', cause: 'too late' })
    expect(platform.dialled).toEqual([])
  })

  test('gives up with aborted when it is told to', async () => {
    const platform = new MemoryPlatform()
    const controller = new AbortController()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, signal: controller.signal })
    const peer = await dialledPeer(platform)
    controller.abort()
    expect(await failure(connecting)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(peer.closed).toBe(true)
  })

  test('sends to the whole path and connects to its first URI (RFC4975-8.3-1, RFC4976-5.2-1, FIELD-endpoint-6)', async () => {
    const path = `msrps://relay.example:2855/token;tcp ${PEER}`
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: path.split(' ') })
    while (platform.dialled.length === 0) await settled(1)
    expect(platform.dialled[0]!.target).toMatchObject({ host: 'relay.example', port: 2855, secure: true })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    expect(bind.field('To-Path')).toBe(path)
    expect(bind.field('From-Path')).toMatch(/^msrps:/)
    peer.to = bind.field('From-Path')!
    peer.from = path
    peer.respond(bind)
    const session = await connecting
    const transactionId = peer.send({ body: 'through the relay' })
    const response = await peer.response(transactionId)
    // RFC 4975 §7.2: a response to SEND goes to the previous hop only.
    expect(response.field('To-Path')).toBe('msrps://relay.example:2855/token;tcp')
    expect(await (await nextMessage(session)).text()).toBe('through the relay')
  })

  test.each([
    ['not a path', /MSRP URI/],
    ['msrp://host.example:1;tcp', /session-id/],
    ['', /no URI/],
  ])('says what is wrong with the path "%s"', async (path, what) => {
    const error = await failure(new MsrpEndpoint(new MemoryPlatform(), {}).connect({ path }))
    expect(error).toMatchObject({ code: 'invalid-argument' })
    expect(error.message).toMatch(what)
  })
})
