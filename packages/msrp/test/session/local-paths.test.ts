import { describe, expect, test } from 'vitest'
import { cpimEnvelope } from '../../src/cpim/index.ts'
import type { PreparedSession } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { listenerOn } from '../../src/session/listener.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { RawPeer, settled } from './raw-peer.ts'
import { failure, nextMessage, PEER, passive, waiting } from './stage.ts'

describe('Local paths', () => {
  test.each([
    ['a wildcard without public name', { listen: { host: '0.0.0.0' } }, /publicHost/],
    ['first without a place to come to', { remotePath: 'first' as const }, /listening socket or a relay/],
    [
      'both a listening socket and a relay',
      { listen: {}, relay: { uri: 'msrps://r.example;tcp', username: 'a', password: 'b' } },
      /either/,
    ],
    ['a local URI that is none', { local: 'nonsense' }, /MSRP URI/],
    ['a local URI without port (RFC4975-8.2-2, RFC4976-8-1)', { local: 'msrp://me.example/fixed;tcp' }, /needs a port/],
  ])('cannot be made with %s', async (_, options, what) => {
    const error = await failure(new MsrpEndpoint(new MemoryPlatform(), {}).prepare(options))
    expect(error.message).toMatch(what)
  })

  test('are as they are asked for', async () => {
    const endpoint = new MsrpEndpoint(new MemoryPlatform(), {})
    const path = async (options: Parameters<MsrpEndpoint['prepare']>[0]): Promise<string> =>
      (await endpoint.prepare(options)).localPath
    expect(await path({ listen: { host: '127.0.0.1', port: 7000 } })).toMatch(
      /^msrp:\/\/127\.0\.0\.1:7000\/[a-z2-7]{26};tcp$/,
    )
    expect(await path({ listen: { host: '::1', port: 7001 } })).toMatch(/^msrp:\/\/\[::1\]:7001\//)
    expect(await path({ listen: { host: '0.0.0.0', port: 7002, publicHost: 'me.example', publicPort: 80 } })).toMatch(
      /^msrp:\/\/me\.example:80\//,
    )
    expect(await path({ listen: { port: 7003, tls: { cert: 'c', key: 'k' } } })).toMatch(
      /^msrps:\/\/127\.0\.0\.1:7003\//,
    )
    expect(await path({ local: { host: 'nat.example', port: 1 } })).toMatch(/^msrp:\/\/nat\.example:1\//)
    expect(await path({ local: 'msrp://me.example:1/fixed;tcp' })).toBe('msrp://me.example:1/fixed;tcp')
    expect((await failure(path({ local: 'msrp://me.example:1/fixed;tcp' }))).message).toContain('in use')
  })

  test('have a port each, end with a URI of our own, and are never given out twice (RFC4975-8.2-2, RFC4975-8.2-3, RFC4975-8.2-4)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const ways: Parameters<MsrpEndpoint['prepare']>[0][] = [
      {},
      { local: { host: 'nat.example', port: 1 } },
      { listen: { port: 7001 }, remotePath: 'first' },
      { listen: { port: 7002, tls: { cert: 'c', key: 'k' } }, remotePath: 'first' },
    ]
    const ids = new Set<string>()
    for (const options of [...ways, ...ways, ...ways]) {
      const prepared = await endpoint.prepare(options)
      const uri = MsrpUri.parse(prepared.localPath.split(' ').at(-1)!)
      expect(uri.port).toBeDefined()
      ids.add(uri.sessionId!)
      if (options.listen === undefined) continue
      // What is sent there arrives in that session and in no other.
      const peer = new RawPeer(platform.arrive(uri.port!), prepared.localPath, PEER)
      await peer.response(peer.send())
      const session = (await prepared.sessions().next()).value!
      expect(session.localPath).toBe(prepared.localPath)
    }
    expect(ids.size).toBe(12)
  })

  test('cannot be guessed: their session-ids are of 130 random bits (RFC4975-8.2-5, FIELD-relay-3)', async () => {
    const platform = new MemoryPlatform()
    const { random } = platform
    const drawn: number[] = []
    platform.random = (size) => {
      drawn.push(size)
      return random(size)
    }
    const { localPath } = await new MsrpEndpoint(platform, {}).prepare({ local: { host: 'me.example', port: 1 } })
    expect(drawn).toEqual([26])
    expect(MsrpUri.parse(localPath).sessionId).toMatch(/^[a-z2-7]{26}$/)
  })

  test.each<[string, Parameters<MsrpEndpoint['prepare']>[0], (prepared: PreparedSession) => unknown, RegExp]>([
    ['a peer cannot come', {}, (prepared) => prepared.complete(PEER, { active: false }), /only come when/],
    ['peers do not come by themselves', { listen: {} }, async (prepared) => prepared.sessions(), /remotePath: 'first'/],
    ['the peer has no path', { listen: {} }, (prepared) => prepared.complete([]), /URI/],
    ['the peer has a path that is none', { listen: {} }, (prepared) => prepared.complete('nobody'), /MSRP URI/],
  ])('say what is wrong when %s', async (_, options, use, what) => {
    const prepared = await new MsrpEndpoint(new MemoryPlatform(), {}).prepare(options)
    const error = await failure(Promise.resolve(use(prepared)))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(what) })
  })

  test('go with the block that holds them, and their sessions can be iterated over', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const paths: string[] = []
    {
      await using prepared = await endpoint.prepare({ listen: { port: 7001 }, remotePath: 'first' })
      const peer = new RawPeer(platform.arrive(7001), prepared.localPath, PEER)
      peer.send({ body: 'hello' })
      for await (const session of prepared.sessions()) {
        paths.push(session.remotePath)
        await session.close()
        break
      }
    }
    expect(paths).toEqual([PEER])
    expect(platform.ports).toEqual([])
  })

  test('take what is known of the peer when it is known: its types, largest size and envelope', async () => {
    const platform = new MemoryPlatform()
    const prepared = await new MsrpEndpoint(platform, {}).prepare({ listen: { port: 7001 } })
    const completing = prepared.complete(PEER, {
      active: false,
      peerAcceptTypes: ['message/cpim', 'text/plain'],
      peerMaxMessageSize: 1000,
      envelope: cpimEnvelope({ from: 'Bob <im:bob@example.com>', to: 'Alice <im:alice@example.com>' }),
    })
    const peer = new RawPeer(platform.arrive(7001), prepared.localPath, PEER)
    await peer.response(peer.send())
    const session = await completing
    expect(await failure(session.send('x', { contentType: 'image/png', fileName: 'x' }).delivered)).toMatchObject({
      code: 'type-not-accepted',
    })
    expect(await failure(session.send('x'.repeat(1001)).delivered)).toMatchObject({ code: 'too-large' })
    session.send('hello')
    const chunk = await peer.request('SEND')
    expect(chunk.field('Content-Type')).toBe('message/cpim')
    expect(chunk.text).toContain('im:bob@example.com')
  })

  test('go with the block that holds their listener', async () => {
    const platform = new MemoryPlatform()
    {
      const prepared = await new MsrpEndpoint(platform, {}).prepare({ listen: { port: 7001 }, remotePath: 'first' })
      await using listener = listenerOn(prepared)
      expect(listener.localPath).toContain(':7001/')
      expect(platform.ports).toEqual([7001])
    }
    expect(platform.ports).toEqual([])
  })

  test('wait for nobody when they are told before', async () => {
    const prepared = await new MsrpEndpoint(new MemoryPlatform(), {}).prepare({ listen: {} })
    const waitingFor = prepared.complete(PEER, { signal: AbortSignal.abort() })
    expect(await failure(waitingFor)).toMatchObject({ code: 'aborted' })
    const connecting = prepared.complete(PEER, { active: true, signal: AbortSignal.abort() })
    expect(await failure(connecting)).toMatchObject({
      name: 'MsrpError',
      code: 'aborted',
      cause: { name: 'AbortError' },
    })
  })

  test('wait for nobody when they are closed at once', async () => {
    const envelope = cpimEnvelope({ from: 'Bob <im:bob@example.com>', to: 'Alice <im:alice@example.com>' })
    const prepared = await new MsrpEndpoint(new MemoryPlatform(), {}).prepare({ listen: {} })
    const waitingFor = [prepared.complete(PEER), prepared.complete(PEER, { envelope })]
    await prepared.close()
    for (const one of waitingFor) expect(await failure(one)).toMatchObject({ code: 'closed' })
  })

  test('are reached through their own listening socket only', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const one = await endpoint.prepare({ listen: { port: 7001 }, remotePath: 'first' })
    await endpoint.prepare({ listen: { port: 7002 }, remotePath: 'first' })
    const peer = new RawPeer(platform.arrive(7002), one.localPath, PEER)
    expect((await peer.response(peer.send())).status).toBe(481)
  })

  test('are given up with close: nobody new gets in, sessions go on', async () => {
    const { prepared, peer, session, arrive, platform } = await passive()
    const late = arrive('msrp://other.example:1/other1;tcp')
    await prepared.close()
    expect(await prepared.closed).toEqual({ by: 'local' })
    expect(platform.ports).toEqual([])
    expect((await late.response(late.send({ body: 'x' }))).status).toBe(506)
    expect((await peer.response(peer.send({ body: 'still' }))).status).toBe(200)
    expect(await (await nextMessage(session)).text()).toBe('still')
    expect(await prepared.sessions().next()).toEqual({ done: true, value: undefined })
    expect(await failure(prepared.complete(PEER))).toMatchObject({ code: 'closed' })
  })
})

describe('Waiting peers', () => {
  test('see a listener that gives one session after another', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const listener = listenerOn(await endpoint.prepare({ listen: {}, remotePath: 'first' }))
    const names: string[] = []
    const loop = (async () => {
      for await (const session of listener) {
        for await (const message of session) names.push(await message.text())
      }
    })()
    for (const name of ['one', 'two', 'three']) {
      const peer = new RawPeer(
        platform.arrive(platform.ports[0]!),
        listener.localPath,
        `msrp://${name}.example:1/${name}0;tcp`,
      )
      await peer.response(peer.send({ body: name }))
      await settled()
      peer.transport.close()
      await settled()
    }
    await listener.close()
    await loop
    expect(names).toEqual(['one', 'two', 'three'])
    expect((await waiting()).port).toBeGreaterThan(0)
  })
})
