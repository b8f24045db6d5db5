import { describe, expect, test } from 'vitest'
import { MemoryFile } from './memory-platform.ts'
import { RawPeer, settled } from './raw-peer.ts'
import { active, failure, nextMessage, passive, pattern, stateOf } from './stage.ts'

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

  test('says # of what it has abandoned also when the session has ended before that could go out', async () => {
    const { session, peer, platform } = await active({}, (machine) => {
      // Less than a head: so much waits here that no end-line goes out before the peer reads.
      machine.pairOptions = { capacity: 10 }
    })
    peer.transport.pause()
    session.send(pattern(1_000_000))
    await settled(3)
    const closing = session.close()
    await platform.clock.advance(4_999)
    expect(session.state).toBe('closing')
    await platform.clock.advance(1)
    expect(session.state).toBe('closed')
    peer.transport.resume()
    await closing
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(['#'])
  })

  test('waits until what has arrived is saved, and reports it', async () => {
    const { session, peer } = await passive()
    const file = new MemoryFile('x')
    const finish = file.holdFinish()
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

  test('fails what has not arrived whole, and ends the iteration', async () => {
    const { session, peer } = await passive()
    peer.send({ body: 'half', range: '1-*/8', flag: '+' })
    const half = await nextMessage(session)
    const reading = failure(half.bytes())
    const next = session[Symbol.asyncIterator]().next()
    await session.close()
    expect(await reading).toMatchObject({ code: 'closed' })
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test('leaves what is whole to whoever has it, also from the spool, and throws away what nobody was given', async () => {
    const { session, peer, platform } = await passive({ limits: { window: 100_000 } })
    for (const text of ['read', 'unread', 'not taken']) {
      await peer.response(peer.send({ body: text }))
      await peer.response(peer.send({ body: pattern(500_000) }))
    }
    const texts = [await nextMessage(session)]
    const large = [await nextMessage(session)]
    texts.push(await nextMessage(session))
    large.push(await nextMessage(session))
    const reading = large[0]!.bytes()
    expect(await texts[0]!.text()).toBe('read')
    await session.close()
    expect(await texts[1]!.text()).toBe('unread')
    for (const bytes of [reading, large[1]!.bytes()]) {
      expect(Buffer.compare(await bytes, pattern(500_000))).toBe(0)
    }
    expect(await session[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
    await settled()
    expect(platform.spools).not.toEqual([])
    expect(platform.spooled).toBe(0)
  })

  test('throws away what is not decided on yet', async () => {
    const { session, peer, platform } = await passive({
      limits: { window: 100_000 },
      onRequest: () => new Promise(() => {}),
    })
    peer.send({ body: pattern(500_000) })
    await settled(60)
    expect(platform.spooled).toBeGreaterThan(0)
    await session.close()
    await settled()
    expect(platform.spooled).toBe(0)
  })

  test('takes no new message while what has arrived is still being saved', async () => {
    const { session, peer } = await passive()
    const file = new MemoryFile('x')
    const finish = file.holdFinish()
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
