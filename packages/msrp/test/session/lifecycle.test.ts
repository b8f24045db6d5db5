import { describe, expect, test } from 'vitest'
import { cpimEnvelope } from '../../src/cpim/index.ts'
import type { PathChange, PreparedSession } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { listenerOn } from '../../src/session/listener.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { MemoryFile, MemoryPlatform } from './memory-platform.ts'
import { RawPeer, type Seen, settled } from './raw-peer.ts'
import { active, both, dialledPeer, failure, nextMessage, PEER, passive, pattern, stateOf, waiting } from './stage.ts'

describe('session.close()', () => {
  test('lets short messages out first, and ends the connection in order', async () => {
    const { session, peer, platform } = await active()
    const sent = session.send('goodbye', { successReport: false, failureReport: 'no' })
    const confirmed = session.send('with report')
    await session.close()
    expect(session.state).toBe('closed')
    expect(await session.closed).toEqual({ by: 'local' })
    await sent.delivered
    expect(await failure(confirmed.delivered)).toMatchObject({ code: 'closed' })
    expect((await peer.all()).map(({ text }) => text)).toEqual(['goodbye', 'with report'])
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('abandons long messages that are not out, with #', async () => {
    const { session, peer } = await active({}, (platform) => {
      platform.pairOptions = { capacity: 10_000 }
    })
    peer.transport.pause()
    const sent = session.send(pattern(10_000_000))
    await settled(3)
    const closing = session.close()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'closed' })
    peer.transport.resume()
    await closing
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(['#'])
  })

  test('does not wait for ever for a peer that does not read', async () => {
    const { session, peer, platform } = await active({}, (machine) => {
      machine.pairOptions = { capacity: 1_000 }
    })
    peer.transport.pause()
    session.send(pattern(1_000_000))
    await settled(3)
    const closing = session.close()
    await platform.clock.advance(4_999)
    expect(await stateOf(closing)).toBe('pending')
    await platform.clock.advance(1)
    await closing
    expect(platform.clock.pending).toBe(0)
  })

  test('waits until what has arrived is saved, and reports it', async () => {
    const { session, peer } = await passive()
    const file = new MemoryFile('x')
    let finish = (): void => {}
    file.holdFinish = new Promise((resolve) => {
      finish = resolve
    })
    peer.send({ body: pattern(100), success: 'yes' })
    const saving = (await nextMessage(session)).saveTo(file)
    await settled()
    const closing = session.close()
    await settled()
    expect(peer.closed).toBe(false)
    finish()
    await Promise.all([saving, closing])
    const seen = await peer.all()
    expect(seen.at(-1)!.field('Byte-Range')).toBe('1-100/100')
  })

  test('fails what has not arrived whole or was not read, and ends the iteration', async () => {
    const { session, peer } = await passive()
    peer.send({ body: 'half', range: '1-*/8', flag: '+' })
    peer.send({ body: 'unread' })
    const [half, unread] = [await nextMessage(session), await nextMessage(session)]
    const reading = failure(half.bytes())
    const next = session[Symbol.asyncIterator]().next()
    await session.close()
    expect(await reading).toMatchObject({ code: 'closed' })
    expect(await failure(unread.text())).toMatchObject({ code: 'closed' })
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test('takes no new message while what has arrived is still being saved', async () => {
    const { session, peer } = await passive()
    const file = new MemoryFile('x')
    let finish = (): void => {}
    file.holdFinish = new Promise((resolve) => {
      finish = resolve
    })
    await peer.response(peer.send({ body: 'hello' }))
    const saving = (await nextMessage(session)).saveTo(file)
    await settled()
    const closing = session.close()
    expect(session.state).toBe('closing')
    expect((await peer.response(peer.send({ body: 'more' }))).status).toBe(481)
    finish()
    await saving
    await closing
  })

  test('can be called twice, by await using as well, and answers 481 from then on', async () => {
    const { session, peer, platform } = await passive()
    {
      await using using = session
      void using.close()
    }
    await session.close()
    expect(peer.closed).toBe(true)
    expect(await failure(session.send('late').delivered)).toMatchObject({ code: 'closed' })
    const again = new RawPeer(platform.arrive(platform.ports[0]!), peer.to, 'msrp://other.example:1/other1;tcp')
    expect(
      (
        await again.response(
          again.send({ method: 'NICKNAME', fields: ['Use-Nickname: "x"'], range: undefined, messageId: '' }),
        )
      ).status,
    ).toBe(481)
  })
})

describe('When the connection is gone', () => {
  test('what is complete can still be read, what is not fails, and the iteration ends', async () => {
    const { session, peer } = await passive()
    peer.send({ body: 'whole' })
    peer.send({ messageId: 'part1', body: 'seen half', range: '1-*/99', flag: '+' })
    peer.send({ body: 'whole, too' })
    peer.send({ messageId: 'part2', body: 'unseen half', range: '1-*/99', flag: '+' })
    const first = await nextMessage(session)
    const half = await nextMessage(session)
    const reading = failure(half.text())
    await settled()
    peer.transport.destroy()
    expect(await session.closed).toEqual({ by: 'peer' })
    expect(await first.text()).toBe('whole')
    expect(await reading).toMatchObject({ code: 'connection-lost' })
    expect(await failure(half.complete)).toMatchObject({ code: 'connection-lost' })
    const texts: string[] = []
    for await (const message of session) texts.push(await message.text())
    expect(texts).toEqual(['whole, too'])
  })

  test('closed says whether it was the peer or a failure, and never rejects', async () => {
    const orderly = await passive()
    orderly.peer.transport.close()
    expect(await orderly.session.closed).toEqual({ by: 'peer' })
    const broken = await active()
    ;(broken.peer.transport as unknown as { lose(reason: string): void }).lose('cable cut')
    const lost = await active()
    lost.peer.write('nonsense that is not MSRP\r\n')
    expect(await lost.session.closed).toMatchObject({ by: 'failure', error: { code: 'malformed' } })
  })

  test('a file that is being saved leaves nothing behind', async () => {
    const { session, peer, platform } = await passive()
    peer.send({ body: pattern(1000), range: '1-*/2000', flag: '+' })
    const saving = failure((await nextMessage(session)).saveTo('half.bin'))
    await settled()
    peer.transport.destroy()
    expect(await saving).toMatchObject({ code: 'connection-lost' })
    await settled()
    expect(platform.files.get('half.bin')!.state).toBe('discarded')
  })
})

describe('saveTo', () => {
  test('gives up when it is told to: nothing stays, and the sender hears 413 and why', async () => {
    const { session, peer, platform } = await passive()
    const controller = new AbortController()
    peer.write(peer.bytesOf({ body: pattern(10_000), transactionId: 'saving01' }).slice(0, 5_000))
    const saving = failure((await nextMessage(session)).saveTo('some.bin', { signal: controller.signal }))
    await settled()
    controller.abort('enough')
    const given = { code: 'aborted', status: 413, message: 'Saving the message was given up', cause: 'enough' }
    expect(await saving).toMatchObject(given)
    const { status, comment } = await peer.response('saving01')
    expect([status, comment]).toEqual([413, 'The recipient stopped receiving'])
    expect(platform.files.get('some.bin')!.state).toBe('discarded')
  })

  test('does not begin when it was told to give up before', async () => {
    const { session, peer, platform } = await passive()
    const id = peer.send({ body: pattern(10_000), range: '1-*/20000', flag: '+' })
    await peer.response(id)
    const saving = (await nextMessage(session)).saveTo('some.bin', { signal: AbortSignal.abort() })
    expect(await failure(saving)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(platform.files.get('some.bin')?.state).not.toBe('finished')
  })

  test('fails where there are no files', async () => {
    const { session, peer } = await passive({}, {}, (platform) => {
      Object.assign(platform, { createFile: undefined })
    })
    peer.send({ body: 'hello' })
    expect(await failure((await nextMessage(session)).saveTo('some.bin'))).toMatchObject({ code: 'storage' })
  })

  test('fails when the file cannot be made, and tells the sender', async () => {
    const { session, peer, platform } = await passive()
    platform.files.set('taken.bin', Object.assign(new MemoryFile('taken.bin'), { state: 'finished' }))
    peer.write(peer.bytesOf({ body: pattern(10_000), transactionId: 'saving01' }).slice(0, 5_000))
    expect(await failure((await nextMessage(session)).saveTo('taken.bin'))).toMatchObject({ code: 'storage' })
    expect((await peer.response('saving01')).status).toBe(413)
  })

  test('fails when the disk does, and tells the sender', async () => {
    const { session, peer } = await passive()
    const sink = new MemoryFile('x')
    sink.failure = new Error('read-only')
    const bytes = peer.bytesOf({ body: pattern(100_000), transactionId: 'saving01' })
    peer.write(bytes.slice(0, 50_000))
    const error = await failure((await nextMessage(session)).saveTo(sink))
    expect(error).toMatchObject({ code: 'storage', cause: sink.failure })
    expect(sink.state).toBe('discarded')
    expect((await peer.response('saving01')).status).toBe(413)
    peer.write(bytes.slice(50_000))
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })
})

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
    expect(await failure(connecting)).toMatchObject({ name: 'AbortError' })
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

describe('A relay', () => {
  const relay = { uri: 'msrps://relay.example:2855;tcp', username: 'alice', password: 'secret' }

  async function registering(): Promise<{
    preparing: Promise<PreparedSession>
    peer: RawPeer
    platform: MemoryPlatform
    endpoint: MsrpEndpoint
  }> {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const preparing = endpoint.prepare({ relay, remotePath: 'first' })
    preparing.catch(() => {})
    while (platform.dialled.length === 0) await settled(1)
    expect(platform.dialled[0]!.target).toMatchObject({ host: 'relay.example', port: 2855, secure: true })
    return { preparing, peer: await dialledPeer(platform), platform, endpoint }
  }

  const use = 'msrps://relay.example:2855/token;tcp'
  function grant(peer: RawPeer, auth: Seen, usePath = use): void {
    peer.write(
      `MSRP ${auth.transactionId} 200 OK\r\nTo-Path: ${auth.field('From-Path')}\r\nFrom-Path: ${auth.field('To-Path')}\r\n` +
        `Use-Path: ${usePath}\r\nExpires: 600\r\n-------${auth.transactionId}$\r\n`,
    )
  }

  test.each([
    ['no URI', { uri: [] }],
    ['a URI that is none', { uri: ['http://relay.example'] }],
    ['an empty user name', { username: '' }],
  ])('with %s is refused', async (_, wrong) => {
    const preparing = new MsrpEndpoint(new MemoryPlatform(), {}).prepare({ relay: { ...relay, ...wrong } })
    expect(await failure(preparing)).toMatchObject({ code: 'invalid-argument' })
  })

  test('whose connection breaks before it has answered AUTH fails the preparation', async () => {
    const { preparing, peer, platform } = await registering()
    await peer.request('AUTH')
    peer.transport.destroy()
    expect(await failure(preparing)).toMatchObject({ code: 'connection-lost' })
    expect(platform.clock.pending).toBe(0)
  })

  test('grants a path to an endpoint that is closed meanwhile: nothing stays', async () => {
    const { preparing, peer, platform, endpoint } = await registering()
    const auth = await peer.request('AUTH')
    grant(peer, auth)
    await endpoint.close()
    expect(await failure(preparing)).toMatchObject({ code: 'closed' })
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('leads to us and carries our requests: its URI stands first in both directions, ours last (RFC4976-5.1-1, RFC4975-8.2-3, RFC4975-8.3-2)', async () => {
    const { preparing, peer, platform } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    const [first, own] = prepared.localPath.split(' ')
    expect(first).toBe(use)
    expect(own).toMatch(/^msrps:/)
    peer.to = own!
    peer.from = `${use} ${PEER}`
    const id = peer.send({ messageId: 'hello', body: 'hello', success: 'yes' })
    expect((await peer.response(id)).field('To-Path')).toBe(use)
    const session = (await prepared.sessions().next()).value!
    expect(session.remotePath).toBe(PEER)
    expect(await (await nextMessage(session)).text()).toBe('hello')
    expect((await peer.request('REPORT')).field('To-Path')).toBe(`${use} ${PEER}`)
    const sent = session.send('answer')
    const chunk = await peer.request('SEND')
    expect(chunk.field('To-Path')).toBe(`${use} ${PEER}`)
    expect(chunk.field('From-Path')).toBe(own)
    peer.respond(chunk)
    // The relay itself reports: its From-Path ends with the relay (RFC 4976 §6.4.1).
    peer.from = use
    peer.report(sent.messageId, '1-6/6', '000 481 Gone')
    expect(await failure(sent.delivered)).toMatchObject({ status: 481 })
    expect(await session.closed).toMatchObject({ by: 'failure', error: { status: 481 } })
    await prepared.close()
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('is asked for a path for each session, which alone goes over its connection (RFC4976-3.1-1, RFC4976-5.1-3, RFC4976-5.2-2)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    for (const usePath of ['one', 'two'].map((name) => use.replace('token', name))) {
      const connecting = endpoint.connect({ path: PEER, relay })
      const peer = await dialledPeer(platform)
      grant(peer, await peer.request('AUTH'), usePath)
      const bind = await peer.request('SEND')
      expect(bind.field('To-Path')).toBe(`${usePath} ${PEER}`)
      peer.respond(bind)
      expect((await connecting).localPath).toMatch(usePath)
    }
    expect(platform.dialled).toEqual([])
    await endpoint.close()
  })

  test('that goes away takes the path and its sessions along', async () => {
    const { preparing, peer } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    peer.to = prepared.localPath.split(' ')[1]!
    peer.from = `${use} ${PEER}`
    await peer.response(peer.send())
    const session = (await prepared.sessions().next()).value!
    peer.transport.close()
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'connection-lost' } })
    expect(await prepared.closed).toMatchObject({ by: 'peer', error: { code: 'connection-lost' } })
    expect(await prepared.sessions().next()).toEqual({ done: true, value: undefined })
  })

  test('that hands out another path when it refreshes: the new one is told', async () => {
    const { preparing, peer, platform } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    const changes: PathChange[] = []
    prepared.onPathChanged = (change) => changes.push(change)
    while (peer.seen.length === 0) await platform.clock.advance(1_000)
    const auth = await peer.request('AUTH')
    peer.write(
      `MSRP ${auth.transactionId} 200 OK\r\nTo-Path: ${auth.field('From-Path')}\r\nFrom-Path: ${use}\r\n` +
        `Use-Path: ${use.replace('token', 'other')}\r\nExpires: 600\r\n-------${auth.transactionId}$\r\n`,
    )
    await settled()
    expect(changes).toHaveLength(1)
    expect(changes[0]!.localPath).toBe(prepared.localPath)
    expect(prepared.localPath).toContain('/other;tcp ')
    expect(changes[0]!.oldExpiresIn).toBeGreaterThan(0)
    await prepared.close()
  })
})

describe('Keep-alive', () => {
  test('sends a SEND without body when the connection was silent, and only then', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await platform.clock.advance(6_000)
    session.send('talking')
    const chunk = await peer.request('SEND')
    peer.respond(chunk)
    peer.report(chunk.field('Message-ID')!, '1-7/7')
    await settled()
    await platform.clock.advance(9_999)
    expect(await peer.all()).toEqual([])
    await platform.clock.advance(1)
    const beat = await peer.request('SEND')
    expect(beat).toMatchObject({ hasBody: false })
    peer.respond(beat)
    await settled()
    await platform.clock.advance(10_000)
    expect(await peer.request('SEND')).toMatchObject({ hasBody: false })
    await session.close()
    expect(platform.clock.pending).toBe(0)
  })

  test.each([
    ['answered', async (peer: RawPeer) => peer.respond(await peer.request('SEND'), 481, 'No')],
    [
      'reported',
      async (peer: RawPeer) => {
        const beat = await peer.request('SEND')
        peer.respond(beat)
        peer.report(beat.field('Message-ID')!, undefined, '000 481 No')
      },
    ],
  ])('that is %s 481 ends the session', async (_, react) => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await platform.clock.advance(10_000)
    await react(peer)
    const error = { code: 'refused', status: 481, message: 'The session has ended, or there is none: 481 No' }
    expect(await session.closed).toMatchObject({ by: 'failure', error })
  })

  /** Until the connection has been silent for ten seconds again. */
  async function beat(platform: MemoryPlatform, peer: RawPeer): Promise<Seen> {
    await platform.clock.advance(10_000)
    return peer.request('SEND')
  }

  test('without an answer ends the session when the next one is not answered either', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await beat(platform, peer)
    await beat(platform, peer)
    await beat(platform, peer)
    // 30 s after the first; those that were under way then say nothing new.
    await beat(platform, peer)
    await platform.clock.advance(29_999)
    await settled()
    expect(session.state).toBe('open')
    await platform.clock.advance(1)
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
  })

  test('is not waited for when not even the first request came through', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, keepAlive: 10_000 })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    peer.to = bind.field('From-Path')!
    peer.respond(bind)
    const session = await connecting
    peer.report(bind.field('Message-ID')!, undefined, '000 408 Silence')
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
  })

  test('to which a relay gets no answer ends the session when the next one goes the same way (RFC4975-10-1, RFC4975-7.3.2-2)', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    const lost = (request: Seen): void => peer.report(request.field('Message-ID')!, undefined, '000 408 Silence')
    const answered = async (): Promise<Seen> => {
      const request = await beat(platform, peer)
      peer.respond(request)
      await settled()
      return request
    }
    const [first, second] = [await answered(), await answered()]
    lost(first)
    lost(second)
    // A peer that was stopped for a while is there again.
    await answered()
    const fourth = await answered()
    lost(fourth)
    await settled()
    expect(session.state).toBe('open')
    lost(await answered())
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout', status: 408 } })
  })

  test('is not sent unless asked for', async () => {
    const { peer, platform } = await active()
    await platform.clock.advance(3_600_000)
    expect(await peer.all()).toEqual([])
    expect(platform.clock.pending).toBe(0)
  })
})

describe('Idle timeout', () => {
  test('ends a session in which nothing is under way', async () => {
    const { session, peer, platform } = await passive({ idleTimeout: 10_000 })
    await platform.clock.advance(9_000)
    peer.send({ messageId: 'slow1', body: 'x', range: '1-*/2', flag: '+' })
    await settled()
    await platform.clock.advance(60_000)
    expect(session.state).toBe('open')
    peer.send({ messageId: 'slow1', body: 'y', range: '2-2/2' })
    await settled()
    await platform.clock.advance(20_000)
    await settled()
    expect(await session.closed).toEqual({ by: 'local' })
  })
})

describe('An endpoint', () => {
  test('that is closed ends everything: sessions, listening sockets, connections and timers', async () => {
    const { endpoint, session, peer, platform, arrive } = await passive({ keepAlive: 1_000, idleTimeout: 100_000 })
    const waitingPeer = arrive('msrp://other.example:1/other1;tcp')
    session.send('x')
    await endpoint.close()
    expect(await session.closed).toEqual({ by: 'local' })
    await settled()
    expect([peer.closed, waitingPeer.closed]).toEqual([true, true])
    expect(platform.ports).toEqual([])
    expect(platform.clock.pending).toBe(0)
    expect(await failure(endpoint.prepare({}))).toMatchObject({ code: 'closed' })
  })

  test('shows what passes on its connections, with credentials masked', async () => {
    const lines: string[] = []
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, { trace: ({ direction, text }) => lines.push(`${direction} ${text}`) })
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    session.send('hello')
    await peer.request('SEND')
    const id = peer.send({
      method: 'AUTH',
      range: undefined,
      messageId: '',
      fields: ['Authorization: Digest username="alice", response="0123456789abcdef", cnonce="abc"'],
    })
    await peer.response(id)
    const text = lines.join('\n')
    expect(text).toContain('username="alice"')
    expect(text).not.toContain('0123456789abcdef')
    expect(text).toMatch(/out MSRP \w+ SEND/)
    expect(text).toMatch(/in MSRP \w+ 200 OK/)
    expect(text).toContain('(5 bytes of body)')
    expect(text).not.toContain('hello')
  })

  test('talks to another one in both directions at once, over narrow connections', async () => {
    const { sender, receiver, close } = await both({
      setUp: (near) => {
        near.pairOptions = { capacity: 3_000, split: (available) => Math.ceil(available / 3) }
      },
    })
    const bodies = [pattern(300_000, 3), pattern(10, 4), pattern(0), pattern(2_049, 5), pattern(100_000, 6)]
    const take = async (session: typeof sender): Promise<number[]> => {
      const results: number[] = []
      const messages = session[Symbol.asyncIterator]()
      for (const _ of bodies) {
        const { value } = await messages.next()
        const body = await value.bytes()
        results.push(bodies.findIndex((wanted) => Buffer.compare(wanted, body) === 0))
      }
      return results
    }
    const taking = [take(sender), take(receiver)]
    const sent = [sender, receiver].flatMap((session) => bodies.map((body) => session.send(body)))
    for (const results of await Promise.all(taking)) expect(results.toSorted()).toEqual([0, 1, 2, 3, 4])
    await Promise.all(sent.map(({ delivered }) => delivered))
    await close()
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
