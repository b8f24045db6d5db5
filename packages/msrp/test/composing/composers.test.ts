import { describe, expect, test } from 'vitest'
import { ChatRoom } from '../../src/chatroom/index.ts'
import { buildComposing, Composers, type ComposersOptions, composerOn } from '../../src/composing/index.ts'
import { buildCpim, type CpimHead, openCpim, parseCpim } from '../../src/cpim/index.ts'
import { Receipts } from '../../src/imdn/index.ts'
import { settled } from '../session/raw-peer.ts'
import { active, both, nextMessage } from '../session/stage.ts'
import { uncaught } from '../session/uncaught.ts'
import { FakeClock } from '../transport/fake-clock.ts'

function stage(options: ComposersOptions = {}) {
  const clock = new FakeClock()
  const changes: string[] = []
  const composers = new Composers({ clock, onChange: ({ uri, state }) => changes.push(`${uri} ${state}`), ...options })
  return { clock, changes, composers }
}

const headFrom = (from: string): CpimHead => parseCpim(buildCpim({ from, to: 'sip:me@example.com' }, '')).head
const nothing = (): ReadableStream<Uint8Array> => new ReadableStream()

describe('whoever says that they write (RFC 3994, figure 2)', () => {
  test('does so until they say otherwise', () => {
    const { clock, changes, composers } = stage()
    composers.status({ state: 'active', contentType: 'text/plain' }, 'sip:a')
    expect(composers.active).toEqual([
      { uri: 'sip:a', state: 'active', contentType: 'text/plain', lastActive: undefined },
    ])
    composers.status({ state: 'idle' }, 'sip:a')
    composers.status({ state: 'idle' }, 'sip:a')
    expect([changes, composers.active, clock.pending]).toEqual([['sip:a active', 'sip:a idle'], [], 0])
  })

  test('or until their message comes', () => {
    const { clock, changes, composers } = stage()
    composers.status({ state: 'active' }, 'sip:a')
    composers.status({ state: 'active' }, 'sip:b')
    composers.contentFrom('sip:a')
    expect(changes).toEqual(['sip:a active', 'sip:b active', 'sip:a idle'])
    composers.close()
    expect([changes.at(-1), clock.pending]).toEqual(['sip:b idle', 0])
  })

  test('whatever onChange throws, which nobody else has to do with', async () => {
    const told: string[] = []
    const thrown = uncaught()
    const { clock, composers } = stage({
      onChange: ({ uri, state }) => {
        told.push(`${uri} ${state}`)
        throw new Error(told.at(-1))
      },
    })
    composers.status({ state: 'active', refresh: 30 }, 'sip:a')
    composers.status({ state: 'active' }, 'sip:b')
    expect(await composers.take({ contentType: 'text/plain', head: headFrom('sip:b'), stream: nothing })).toBe(false)
    await clock.advance(35_000)
    expect(told).toEqual(['sip:a active', 'sip:b active', 'sip:b idle', 'sip:a idle'])
    expect(thrown.map((error) => (error as Error).message)).toEqual(told)
    expect([composers.active, clock.pending]).toEqual([[], 0])
  })

  test.each([
    ['120 s without refresh', undefined, 125_000],
    ['as long as they said', 30, 35_000],
    ['an hour at the most', 999_999_999, 3_605_000],
  ])('or %s', async (_, refresh, milliseconds) => {
    const { clock, changes, composers } = stage()
    composers.status({ state: 'active', ...(refresh === undefined ? {} : { refresh }) })
    await clock.advance(milliseconds - 1)
    expect(changes).toEqual([' active'])
    await clock.advance(1)
    expect([changes, clock.pending]).toEqual([[' active', ' idle'], 0])
  })

  test('and may say so as often as they like (RFC3994-3.3-1)', async () => {
    const { clock, changes, composers } = stage()
    for (let second = 0; second < 300; second++) {
      composers.status({ state: 'active', refresh: 60 })
      await clock.advance(1000)
    }
    expect([changes, clock.pending]).toEqual([[' active'], 1])
    await clock.advance(64_000)
    expect(changes).toEqual([' active', ' idle'])
  })

  test('and says so again just in time without being taken to have stopped', async () => {
    const { clock, changes, composers } = stage()
    for (let time = 0; time < 5; time++) {
      composers.status(
        { state: 'active', refresh: 60 },
        `sip:${time % 2 === 0 ? 'Chat.Example.com' : 'chat.example.COM'}`,
      )
      await clock.advance(61_000)
    }
    expect(changes).toEqual(['sip:Chat.Example.com active'])
  })

  test('without an envelope has stopped with the message that comes in one, but not with a notification', async () => {
    const { changes, composers } = stage()
    const message = (contentType: string) => ({
      head: parseCpim(buildCpim({ from: 'sip:a@b.c', to: 'sip:d@e.f', contentType }, 'x')).head,
      stream: () => new Blob().stream(),
    })
    composers.status({ state: 'active' })
    expect(await composers.take(message('message/imdn+xml'))).toBe(false)
    expect(changes).toEqual([' active'])
    expect(await composers.take(message('text/plain'))).toBe(false)
    expect(changes).toEqual([' active', ' idle'])
  })

  test('is one of a hundred at the most', () => {
    const { changes, clock, composers } = stage({ count: 2 })
    for (const uri of ['sip:a', 'sip:b', 'sip:c']) composers.status({ state: 'active' }, uri)
    expect(changes).toEqual(['sip:a active', 'sip:b active', 'sip:a idle', 'sip:c active'])
    expect([composers.active.map(({ uri }) => uri), clock.pending]).toEqual([['sip:b', 'sip:c'], 2])
  })
})

describe('on a session', () => {
  test('status messages go from end to end, bare and in envelopes (RFC3994-3.5-3)', async () => {
    const { sender, receiver, clock, close } = await both()
    const { changes, composers } = stage()
    const cpim = { from: 'sip:alice@example.com', to: 'sip:room@example.com' }
    for (const options of [{}, { cpim }, { cpim: () => cpim }]) {
      const composer = composerOn(sender, { clock, ...options })
      composer.composing()
      const status = await nextMessage(receiver)
      const opened = status.contentType === 'message/cpim' ? await openCpim(status) : status
      expect(await composers.take(opened)).toBe(true)
      composer.sent()
      const sent = sender.send(options.cpim === undefined ? 'Hi' : buildCpim(cpim, 'Hi'), {
        contentType: options.cpim === undefined ? 'text/plain' : 'message/cpim',
      })
      const content = await nextMessage(receiver)
      const text = content.contentType === 'message/cpim' ? await openCpim(content) : content
      // What is no status message is left to be read.
      expect([await composers.take(text), await text.text()]).toEqual([false, 'Hi'])
      await sent.delivered
    }
    const wrapped = ['sip:alice@example.com active', 'sip:alice@example.com idle']
    expect(changes).toEqual([' active', ' idle', ...wrapped, ...wrapped])
    await close()
  })

  test('what cannot be read means nothing, and does no harm', async () => {
    const { changes, composers } = stage()
    const message = (body: string, contentType = 'application/im-iscomposing+xml') => ({
      contentType,
      stream: () => new Blob([body]).stream(),
    })
    for (const body of ['', '<a>', '<!DOCTYPE a><a/>', 'x'.repeat(70_000)]) {
      expect(await composers.take(message(body))).toBe(true)
    }
    expect(await composers.take(message('', 'Application/IM-isComposing+XML; charset=utf-8'))).toBe(true)
    expect(changes).toEqual([])
  })

  test('a status message that does not come to its end holds nothing up, and is given up after 30 s', async () => {
    const { clock, changes, composers } = stage()
    let cancelled = false
    const cancel = (): void => {
      cancelled = true
    }
    const contentType = 'application/im-iscomposing+xml'
    const stream = () => new ReadableStream<Uint8Array>({ cancel })
    const taken = composers.take({ contentType, stream })
    await clock.advance(1000)
    expect(await taken).toBe(true)
    expect(await composers.take({ contentType: 'text/plain', stream })).toBe(false)
    await clock.advance(28_999)
    expect(cancelled).toBe(false)
    await clock.advance(1)
    expect([cancelled, changes, clock.pending]).toEqual([true, [], 0])
  })

  test('a status message that was overtaken by its message says nothing any more', async () => {
    const { clock, changes, composers } = stage()
    const late = new TransformStream<Uint8Array, Uint8Array>()
    const taken = composers.take({ contentType: 'application/im-iscomposing+xml', stream: () => late.readable })
    await clock.advance(1000)
    await taken
    composers.contentFrom()
    const writer = late.writable.getWriter()
    await writer.write(new TextEncoder().encode(buildComposing({ state: 'active' })))
    await writer.close()
    await settled()
    expect([changes, clock.pending]).toEqual([[], 0])
  })

  test('a room is told by its URI, from whom it knows us as', async () => {
    const { session, peer, platform } = await active()
    const room = new ChatRoom(session, { uri: 'sip:room@example.com', self: 'Alice <sip:alice@example.com>' })
    const options = { clock: platform.clock }
    const cpim = { from: room.self, to: 'sip:bob@example.com' }
    for (const [composer, to] of [
      [composerOn(room, options), room.uri],
      [composerOn(room, { ...options, cpim }), cpim.to],
    ] as const) {
      composer.composing()
      const status = await peer.request('SEND')
      peer.respond(status)
      const { head } = parseCpim(status.body)
      expect([head.contentType, head.from, head.to]).toEqual([
        'application/im-iscomposing+xml',
        { uri: 'sip:alice@example.com', name: 'Alice' },
        [{ uri: to }],
      ])
      composer.sent()
    }
  })

  test('a peer that refuses the type with 415 gets no more of them (RFC3994-4-1)', async () => {
    const { session, peer, platform } = await active()
    const composer = composerOn(session, { clock: platform.clock })
    composer.composing('text/plain')
    const status = await peer.request('SEND')
    expect([status.field('Content-Type'), status.field('Success-Report')]).toEqual([
      'application/im-iscomposing+xml',
      'no',
    ])
    peer.respond(status, 415, 'Unsupported Media Type')
    await settled()
    expect(composer.state).toBe('stopped')
    session.send('Hello')
    expect((await peer.request('SEND')).text).toBe('Hello')
  })

  test('a peer that refuses the type in an envelope with 415 goes on getting what else comes in one', async () => {
    const { session, peer, platform } = await active()
    const [self, room] = ['sip:alice@example.com', 'sip:room@example.com']
    const composer = composerOn(session, { clock: platform.clock, cpim: { from: self, to: room } })
    composer.composing()
    peer.respond(await peer.request('SEND'), 415, 'Unsupported Media Type')
    await settled()
    expect(composer.state).toBe('stopped')
    const chatRoom = new ChatRoom(session, { uri: room, self })
    const receipts = new Receipts(session, { self, peer: room, clock: platform.clock })
    for (const send of [() => chatRoom.send('Hello'), () => receipts.send('Hello')]) {
      send()
      const sent = await peer.request('SEND')
      peer.respond(sent)
      expect(parseCpim(sent.body).text()).toBe('Hello')
    }
  })

  test('the end of the session stops the composer', async () => {
    const { session, platform, peer } = await active()
    const composer = composerOn(session, { clock: platform.clock, cpim: { from: 'sip:a@b', to: 'sip:c@d' } })
    composer.composing()
    expect(parseCpim((await peer.request('SEND')).body).head.contentType).toBe('application/im-iscomposing+xml')
    await session.close()
    expect(composer.state).toBe('stopped')
  })
})
