import { describe, expect, test } from 'vitest'
import type { Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { RawPeer, settled } from './raw-peer.ts'
import { dialledPeer, failure, nextMessage, PEER, pattern } from './stage.ts'

describe('Connections', () => {
  test('to the same host, port and scheme are shared, and closed with the last session (RFC4975-5.4-1, RFC4975-5.4-25)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const paths = ['msrp://peer.example:9000/one;tcp', 'msrp://PEER.example:9000/two;tcp']
    const connecting = paths.map((path) => endpoint.connect({ path }))
    const peer = await dialledPeer(platform)
    for (const path of paths) {
      const bind = await peer.request('SEND')
      expect(bind.field('To-Path')).toBe(path)
      peer.respond(bind)
    }
    const [one, two] = await Promise.all(connecting)
    expect(platform.dialled).toHaveLength(0)
    peer.from = paths[1]!
    peer.to = two!.localPath
    await peer.response(peer.send({ body: 'for the second' }))
    expect(await (await nextMessage(two!)).text()).toBe('for the second')
    await one!.close()
    await settled()
    expect(peer.closed).toBe(false)
    await two!.close()
    await settled()
    expect(peer.closed).toBe(true)
    // Nothing is left to share: the next one is dialled.
    const third = endpoint.connect({ path: paths[0]! })
    const again = await dialledPeer(platform)
    again.respond(await again.request('SEND'))
    await (await third).close()
  })

  test('that stay because others use them: who is still sending to the closed session is told 481', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = ['one', 'two'].map((id) => endpoint.connect({ path: `msrp://peer.example:9000/${id};tcp` }))
    const peer = await dialledPeer(platform)
    for (const _ of connecting) peer.respond(await peer.request('SEND'))
    const [one, two] = await Promise.all(connecting)
    peer.from = 'msrp://peer.example:9000/one;tcp'
    peer.to = one!.localPath
    const bytes = peer.bytesOf({ body: pattern(100_000), transactionId: 'halfway1' })
    peer.write(bytes.slice(0, 50_000))
    await nextMessage(one!)
    await one!.close()
    expect((await peer.response('halfway1')).status).toBe(481)
    peer.write(bytes.slice(50_000))
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(481)
    expect(two!.state).toBe('open')
  })

  test('that stay when a session is lost: a stream that it was sending ends with + at once, whatever the others do', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = ['one', 'two'].map((id) => endpoint.connect({ path: `msrp://peer.example:9000/${id};tcp` }))
    const peer = await dialledPeer(platform)
    for (const _ of connecting) peer.respond(await peer.request('SEND'))
    const [one, two] = await Promise.all(connecting)
    const text = one!.send('hello')
    const refused = failure(text.delivered)
    const short = await peer.request('SEND')
    const slow = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(pattern(5_000)) })
    const lost = failure(one!.send(slow).delivered)
    const open = await peer.underWay()
    peer.from = 'msrp://peer.example:9000/one;tcp'
    peer.to = one!.localPath
    peer.respond(short, 481)
    expect(await Promise.all([refused, lost])).toMatchObject([{ status: 481 }, { status: 481 }])
    expect(await peer.request('SEND')).toMatchObject({ transactionId: open, flag: '+' })
    expect(two!.state).toBe('open')
  })

  test('that are about to close are not used for a new session, and those whose last session has not quite ended are (RFC4976-5.2-1, RFC4976-5.2-2)', async () => {
    const platform = new MemoryPlatform()
    platform.pairOptions = { capacity: 10 }
    const endpoint = new MsrpEndpoint(platform, {})
    const path = 'msrp://peer.example:9000/one;tcp'
    const connecting = endpoint.connect({ path })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    void (await connecting).close()
    const second = endpoint.connect({ path })
    peer.respond(await peer.request('SEND'))
    const session = await second
    peer.transport.pause()
    session.send('not read by the peer')
    void session.close()
    await settled()
    const third = endpoint.connect({ path })
    const other = await dialledPeer(platform)
    other.respond(await other.request('SEND'))
    expect((await third).state).toBe('open')
  })

  test('that have closed at last do not take those from the sharing that came after them', async () => {
    const platform = new MemoryPlatform()
    platform.pairOptions = { capacity: 10 }
    const peers: RawPeer[] = []
    platform.onDial = (far) => {
      const peer = new RawPeer(far, '', PEER)
      peer.onRequest = (request) => peer.respond(request)
      peers.push(peer)
    }
    const endpoint = new MsrpEndpoint(platform, {})
    const connect = (id: string): Promise<Session> => endpoint.connect({ path: `msrp://peer.example:9000/${id};tcp` })
    const one = await connect('one')
    peers[0]!.transport.pause()
    one.send('not read by the peer')
    const closing = one.close()
    await settled()
    const two = await connect('two')
    peers[0]!.transport.resume()
    await closing
    const three = await connect('three')
    expect(peers).toHaveLength(2)
    await Promise.all([two.close(), three.close()])
  })

  test('that nobody waits for any more are not waited for by who comes next', async () => {
    const platform = new MemoryPlatform()
    const dial = platform.dial.bind(platform)
    const dialling: (AbortSignal | undefined)[] = []
    platform.dial = (target) => {
      const first = dialling.push(target.signal) === 1
      return first ? new Promise(() => {}) : dial(target)
    }
    const endpoint = new MsrpEndpoint(platform, {})
    const controller = new AbortController()
    const one = endpoint.connect({ path: 'msrp://peer.example:9000/one;tcp', signal: controller.signal })
    await settled()
    controller.abort()
    expect(await failure(one)).toMatchObject({ code: 'aborted' })
    expect(dialling[0]!.aborted).toBe(true)
    const two = endpoint.connect({ path: 'msrp://peer.example:9000/two;tcp' })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    expect((await two).state).toBe('open')
  })

  test('with other certificates, ports or schemes are not shared (RFC4976-5.2-3)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const tls = { ca: 'x' }
    for (const options of [
      { path: 'msrp://peer.example:9000/one;tcp' },
      { path: 'msrp://peer.example:9001/one;tcp' },
      { path: 'msrps://peer.example:9000/one;tcp' },
      { path: 'msrps://peer.example:9000/one;tcp', tls },
      { path: 'msrps://peer.example:9000/one;tcp', tls: { ...tls } },
    ]) {
      endpoint.connect(options).catch(() => {})
    }
    await settled()
    expect(platform.dialled).toHaveLength(5)
  })

  test('a session whose peer is answered wrongly does not take down the others on the same connection (RFC4975-5.4-25)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const one = endpoint.connect({ path: 'msrp://peer.example:9000/one;tcp' })
    const two = endpoint.connect({ path: 'msrp://peer.example:9000/two;tcp' })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    peer.respond(await peer.request('SEND'), 481, 'No')
    expect((await one).state).toBe('open')
    expect(await failure(two)).toMatchObject({ status: 481 })
    await settled()
    expect((await one).state).toBe('open')
    expect(peer.closed).toBe(false)
  })

  test('a listening socket is shared by paths with the same host and port, and closed with the last of them', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const [one, two] = await Promise.all([endpoint.prepare({ listen: {} }), endpoint.prepare({ listen: {} })])
    expect(platform.ports).toHaveLength(1)
    expect(one.localPath).not.toBe(two.localPath)
    const peer = new RawPeer(platform.arrive(platform.ports[0]!), two.localPath, PEER)
    const completing = two.complete(PEER)
    peer.send()
    await completing
    await one.close()
    expect(platform.ports).toHaveLength(1)
    await two.close()
    expect(platform.ports).toHaveLength(0)
    await endpoint.close()
  })

  test('an endpoint that is closed while it begins to listen does not listen', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const preparing = endpoint.prepare({ listen: {} })
    await endpoint.close()
    expect(await failure(preparing)).toMatchObject({ code: 'closed' })
    expect(platform.ports).toEqual([])
  })
})
