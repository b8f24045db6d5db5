import { describe, expect, test } from 'vitest'
import { buildCpim, type CpimParts, parseCpim } from '../../src/cpim/index.ts'
import {
  buildImdn,
  type Disposition,
  type Imdn,
  parseImdn,
  type Receipt,
  Receipts,
  type ReceiptsOptions,
  SentItems,
} from '../../src/imdn/index.ts'
import type { ReceivedIm } from '../../src/imdn/received-im.ts'
import type { Session } from '../../src/session/api.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { type RawPeer, type Seen, settled } from '../session/raw-peer.ts'
import { type Both, both, failure, nextMessage, passive, stateOf } from '../session/stage.ts'
import { uncaught } from '../session/uncaught.ts'
import { FakeClock } from '../transport/fake-clock.ts'

const ALICE = 'sip:alice@example.com'
const BOB = 'sip:bob@example.com'
const now = (): Date => new Date('2026-01-02T03:04:05Z')
const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size))

interface Pair extends Both {
  alice: Receipts
  bob: Receipts
  next(): Promise<ReceivedIm>
}

/** Alice and Bob, who iterate over their receipts; what comes to Bob is given by `next`. */
async function pair(alices: Partial<ReceiptsOptions> = {}, bobs: Partial<ReceiptsOptions> = {}): Promise<Pair> {
  const stage = await both()
  const of = (session: Session, self: string, peer: string, more: Partial<ReceiptsOptions>): Receipts =>
    new Receipts(session, { self, peer, clock: stage.clock, now, random, ...more })
  const alice = of(stage.sender, ALICE, BOB, alices)
  const bob = of(stage.receiver, BOB, ALICE, bobs)
  void (async () => {
    for await (const _ of alice);
  })()
  const messages = bob[Symbol.asyncIterator]()
  return { ...stage, alice, bob, next: async () => (await messages.next()).value as ReceivedIm }
}

describe('between two users of receipts', () => {
  test('delivery is told by itself, display by the application, each once (RFC5438-7.2.1-1, RFC5438-7.2.1-2)', async () => {
    const receipts: Receipt[] = []
    const { alice, next, close } = await pair({ onReceipt: (receipt) => receipts.push(receipt) })
    const sent = alice.send('Hello Bob')
    const im = await next()
    expect([im.contentType, im.head?.from?.uri, await im.text()]).toEqual([
      'text/plain;charset=utf-8',
      ALICE,
      'Hello Bob',
    ])
    expect((await sent.delivered).disposition).toEqual({ type: 'delivery', status: 'delivered' })
    expect(await stateOf(sent.displayed)).toBe('pending')
    expect([await im.displayed(), await im.displayed()]).toEqual([true, false])
    expect((await sent.recipient(BOB).displayed).recipient).toBe(BOB)
    expect(await im.notify({ type: 'delivery', status: 'failed' })).toBe(false)
    await settled()
    expect(receipts.map(({ disposition: { status } }) => status)).toEqual(['delivered', 'displayed'])
    expect(alice.sentItems.size).toBe(0)
    await close()
  })

  test('each message has an id of its own that cannot be guessed (RFC5438-6.3-2, RFC5438-6.3-3)', async () => {
    const { alice, next, close } = await pair()
    const sent = [alice.send('1'), alice.send('2')]
    for (const { messageId } of sent) {
      // 26 characters of 32: 130 bits.
      expect(messageId).toMatch(/^[a-z2-7]{26}$/)
      expect((await next()).messageId).toBe(messageId)
    }
    expect(sent[0]?.messageId).not.toBe(sent[1]?.messageId)
    await close()
  })

  test('nothing goes out that the user does not consent to (RFC5438-14.2-1)', async () => {
    const asked: string[] = []
    const { alice, next, close } = await pair(
      {},
      {
        consent: (im, type) => {
          asked.push(`${im.messageId === undefined ? 'a stranger' : 'a message'}: ${type}`)
          return type === 'delivery' ? false : 'forbidden'
        },
      },
    )
    const sent = alice.send('Hello')
    const im = await next()
    expect(await im.displayed()).toBe(true)
    expect(await failure(sent.displayed)).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('display forbidden'),
    })
    expect(await stateOf(sent.delivered)).toBe('pending')
    expect(asked.toSorted()).toEqual(['a message: delivery', 'a message: display'])
    await close()
  })

  test('nothing is told that was not asked for', async () => {
    const { alice, next, close } = await pair({ wishes: ['negative-delivery'] })
    const sent = alice.send('Hello')
    const im = await next()
    expect([await im.text(), await im.displayed()]).toEqual(['Hello', false])
    expect(await im.failed()).toBe(true)
    expect(await failure(sent.delivered)).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('delivery failed'),
    })
    await close()
  })

  test('nobody but an intermediary tells of processing (RFC5438-7.2.1-3)', async () => {
    const { alice, next, close } = await pair({ wishes: ['processing', 'display'] })
    alice.send('Hello')
    const im = await next()
    expect(await failure(im.notify({ type: 'processing', status: 'processed' } as never))).toMatchObject({
      code: 'invalid-argument',
    })
    await close()
  })

  test('delivery is told once everything has arrived, read or not (RFC5438-12.1.3.1-1)', async () => {
    const { peer, session } = await passive()
    const bob = new Receipts(session, { self: BOB, peer: ALICE, now, random })
    const body = asked('m1', 'x'.repeat(5000))
    peer.send({
      type: 'message/cpim',
      body: body.subarray(0, 3000),
      range: `1-*/${body.length}`,
      flag: '+',
      messageId: 'big',
    })
    const im = (await bob.receive(await nextMessage(session)))!
    await settled()
    expect(peer.seen.filter(({ method }) => method === 'SEND')).toEqual([])
    peer.send({
      type: 'message/cpim',
      body: body.subarray(3000),
      range: `3001-${body.length}/${body.length}`,
      messageId: 'big',
    })
    expect((await notificationAt(peer)).imdn.disposition?.status).toBe('delivered')
    expect((await im.text()).length).toBe(5000)
  })

  test('a message that fails by MSRP has not been delivered, and is not waited for', async () => {
    const { alice, next, close } = await pair()
    const aborted = new AbortController()
    const sent = alice.send(new Blob(['x'.repeat(3_000_000)]), { signal: aborted.signal })
    await next()
    aborted.abort()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    expect(alice.sentItems.size).toBe(0)
    await close()
  })

  test('the end of the session ends the waiting, unless it is to go on', async () => {
    const sentItems = new SentItems()
    const [own, shared] = [await pair(), await pair({ sentItems })]
    const [lost, kept] = [own.alice.send('1'), shared.alice.send('2')]
    await Promise.all([own.close(), shared.close()])
    expect(await failure(lost.displayed)).toMatchObject({ code: 'closed' })
    expect(await stateOf(kept.displayed)).toBe('pending')
    // On the next session.
    const again = await pair({}, { sentItems })
    const im = await imOf(again.sender, kept.messageId)
    expect(im).toBeDefined()
    await expect(kept.displayed).resolves.toMatchObject({ disposition: { status: 'displayed' } })
    await again.close()

    async function imOf(session: Session, messageId: string): Promise<unknown> {
      const parts: CpimParts = {
        from: BOB,
        to: ALICE,
        contentType: 'message/imdn+xml',
        contentFields: [['Content-Disposition', 'notification']],
      }
      const xml = `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${messageId}</message-id><datetime/><display-notification><status><displayed/></status></display-notification></imdn>`
      return session
        .send(buildCpim(parts, xml), { contentType: 'message/cpim', successReport: false })
        .delivered.then(() => {
          void again.next()
          return true
        })
    }
  })
})

describe('several notifications in one message', () => {
  const imdn = (messageId: string, recipientUri: string, type: 'delivery' | 'display', status: string): string =>
    buildImdn({ messageId, dateTime: '', recipientUri, disposition: { type, status } as Disposition })

  test('come from a list or room, each about a recipient (RFC5438-7.1.4-1)', async () => {
    const { alice, next, receiver, close } = await pair()
    const sent = alice.send('Hello all', { to: 'sip:room@example.com', wishes: ['display'] })
    await next()
    const contentType = 'multipart/mixed;boundary="imdn-boundary"'
    const parts = [
      imdn(sent.messageId, BOB, 'delivery', 'delivered'),
      '<imdn>',
      imdn(sent.messageId, 'sip:carol@example.com', 'delivery', 'failed'),
      imdn('another', 'sip:dave@example.com', 'delivery', 'delivered'),
      imdn(sent.messageId, BOB, 'display', 'displayed'),
    ].map((xml) => `--imdn-boundary\r\nContent-type: message/imdn+xml\r\n\r\n${xml}\r\n`)
    const text = `--imdn-boundary\r\n\r\nnot a notification\r\n${parts.join('')}--imdn-boundary--\r\n`
    const contentFields = [['Content-Disposition', 'notification']] as const
    const body = buildCpim({ from: 'sip:room@example.com', to: ALICE, contentType, contentFields }, text)
    await receiver.send(body, { contentType: 'message/cpim', successReport: false }).delivered
    await sent.recipient(BOB).displayed
    expect(await failure(sent.recipient('sip:carol@example.com').delivered)).toMatchObject({ code: 'refused' })
    expect([...sent.recipients.keys()]).toEqual([BOB, 'sip:carol@example.com'])
    await close()
  })

  test('are a message like any other when they are not said to be notifications', async () => {
    const { alice, next, close } = await pair()
    alice.send('--x\r\n\r\nHi\r\n--x--', { contentType: 'multipart/mixed;boundary=x', wishes: [] })
    const im = await next()
    expect([im.contentType, im.request]).toEqual(['multipart/mixed;boundary=x', undefined])
    await close()
  })
})

/** A message that asks for everything. */
function asked(id: string, text: string, wish = 'positive-delivery, negative-delivery, display'): Uint8Array {
  const parts: CpimParts = {
    from: ALICE,
    to: BOB,
    dateTime: now(),
    namespaces: { imdn: 'urn:ietf:params:imdn' },
    require: ['imdn.Message-ID'],
    headers: [
      ['imdn.Message-ID', id],
      ['imdn.Disposition-Notification', wish],
    ],
  }
  return buildCpim(parts, text)
}

async function notificationAt(peer: RawPeer): Promise<{ seen: Seen; imdn: Imdn }> {
  const seen = await peer.request('SEND')
  peer.respond(seen)
  return { seen, imdn: parseImdn(parseCpim(seen.body).text())[0]! }
}

describe('towards a peer written by hand', () => {
  async function bobAlone(options: Partial<ReceiptsOptions> = {}) {
    const stage = await passive()
    const received: ReceivedIm[] = []
    const bob = new Receipts(stage.session, { self: BOB, peer: ALICE, now, random, ...options })
    void (async () => {
      for await (const im of bob) received.push(im)
    })()
    return { ...stage, bob, received }
  }

  test('what comes twice is told of once (RFC5438-7.2.1-2)', async () => {
    const { peer, received } = await bobAlone()
    for (const messageId of ['one', 'two', 'three'])
      peer.send({ type: 'message/cpim', body: asked('m1', 'x'), messageId })
    await notificationAt(peer)
    await settled()
    expect(received).toHaveLength(3)
    expect(peer.seen.filter(({ method }) => method === 'SEND')).toEqual([])
  })

  test('a notification that could not be sent may be tried again', async () => {
    const { peer, received } = await bobAlone({ consent: (_, type) => type === 'display' })
    peer.send({ type: 'message/cpim', body: asked('m1', 'x') })
    await settled()
    const first = received[0]!.displayed()
    peer.respond(await peer.request('SEND'), 408, 'Timeout')
    expect(await first).toBe(false)
    const second = received[0]!.displayed()
    await notificationAt(peer)
    expect(await second).toBe(true)
  })

  test('no notification is told of (RFC5438-7.2.1-6, RFC5438-7.2.1-10)', async () => {
    const { peer, received } = await bobAlone()
    const [headers] = new TextDecoder().decode(asked('n1', '')).split('\r\n\r\n')
    const xml = '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>zzz</message-id><datetime/></imdn>'
    const body = `${headers}\r\nimdn.IMDN-Record-Route: <sip:x@y>\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n${xml}`
    const id = peer.send({ type: 'message/cpim', body })
    expect((await peer.response(id)).status).toBe(200)
    await settled()
    expect([received, peer.seen]).toEqual([[], []])
  })

  test('what a recipient says of a message counts from its content, its disposition known (RFC5438-7.1.2-1)', async () => {
    const { peer, bob } = await bobAlone()
    const sent = bob.send('Hi', { successReport: false })
    const outgoing = await peer.request('SEND')
    peer.respond(outgoing)
    const xml = (said: string): string =>
      `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${sent.messageId}</message-id><datetime/><${said}</imdn>`
    const document = xml('delivery-notification><status><delivered/></status></delivery-notification>')
    // In an envelope that says so, and bare.
    const parts = { from: ALICE, to: BOB, contentType: 'message/imdn+xml' }
    const contentFields = [['Content-Disposition', 'notification']] as const
    peer.send({ type: 'message/cpim', body: buildCpim({ ...parts, contentFields }, document) })
    expect((await sent.delivered).recipient).toBe(ALICE)
    peer.send({
      type: 'message/imdn+xml',
      body: xml('display-notification><status><displayed/></status></display-notification>'),
    })
    // That is the other side of the session.
    expect((await sent.displayed).recipient).toBe(ALICE)
  })

  test('what nobody says of a message that went to several is not believed', async () => {
    const receipts: Receipt[] = []
    const { peer, bob } = await bobAlone({
      peer: [ALICE, 'sip:carol@example.com'],
      onReceipt: (it) => receipts.push(it),
    })
    const sent = bob.send('Hi', { successReport: false })
    peer.respond(await peer.request('SEND'))
    const facts = { messageId: sent.messageId, dateTime: '', recipientUri: 'sip:carol@example.com' }
    const document = buildImdn({ ...facts, disposition: { type: 'display', status: 'displayed' } })
    peer.send({ type: 'message/imdn+xml', body: document })
    await settled()
    expect([receipts, await stateOf(sent.displayed)]).toEqual([[], 'pending'])
  })

  test('what goes wrong beside the calls of the application is told', async () => {
    const told: unknown[] = []
    const { peer, received } = await bobAlone({
      onError: (error, message) => told.push([(error as Error).message, message.messageId]),
      consent: (im) => {
        if (im.messageId === 'm3') throw new Error('Nobody to ask')
        return true
      },
    })
    peer.send({ type: 'message/cpim', body: 'no header\r\n\r\n', messageId: 'one' })
    peer.send({ type: 'message/cpim', body: asked('m2', 'x'), messageId: 'two' })
    peer.respond(await peer.request('SEND'), 415, 'Unsupported')
    peer.send({ type: 'message/cpim', body: asked('m3', 'x'), messageId: 'three' })
    await settled()
    expect(told).toEqual([
      [expect.stringMatching(/no header/), 'one'],
      [expect.stringMatching(/415 Unsupported/), 'two'],
      ['Nobody to ask', 'three'],
    ])
    expect(received.map(({ messageId }) => messageId)).toEqual(['m2', 'm3'])
  })

  test('what cannot be read does not end the iteration', async () => {
    const { peer, received } = await bobAlone()
    peer.send({ type: 'message/cpim', body: 'no header\r\n\r\n' })
    peer.send({
      type: 'message/cpim',
      body: buildCpim({ from: ALICE, to: BOB, contentType: 'message/imdn+xml' }, '<imdn>'),
    })
    peer.send({
      type: 'message/cpim',
      body: buildCpim({ from: ALICE, to: BOB, contentType: 'message/imdn+xml' }, 'x'.repeat(70_000)),
    })
    peer.send({ type: 'text/plain', body: 'bare' })
    await settled()
    expect(received).toHaveLength(1)
    expect([received[0]!.head, await received[0]!.text(), await received[0]!.displayed()]).toEqual([
      undefined,
      'bare',
      false,
    ])
  })

  test('what does not come to its end holds nothing else up, and is refused after 30 s', async () => {
    const clock = new FakeClock()
    const { peer, received } = await bobAlone({ clock })
    const type = 'message/cpim'
    const notification = buildCpim({ from: ALICE, to: BOB, contentType: 'message/imdn+xml' }, '<imdn')
    for (const [messageId, body] of [
      ['half', 'From: <sip:mall'],
      ['notification', notification],
    ] as const) {
      peer.send({ type, body, messageId, range: '1-*/*', flag: '+' })
    }
    peer.send({ type, body: asked('m3', 'three'), messageId: 'three' })
    peer.send({ type, body: asked('m4', 'four'), messageId: 'four' })
    await clock.advance(2000)
    await settled(200)
    expect(await Promise.all(received.map((im) => im.text()))).toEqual(['three', 'four'])
    await clock.advance(30_000)
    const id = peer.send({ type, body: 'ory', messageId: 'half', range: '16-*/*', flag: '+' })
    expect((await peer.response(id)).status).toBe(408)
    expect(clock.pending).toBe(0)
  })

  test('what onReceipt throws does not end the iteration', async () => {
    const thrown = uncaught()
    const { alice, bob, next, close } = await pair({
      onReceipt: () => {
        throw new MsrpError('storage', 'Mine')
      },
    })
    alice.send('Hello')
    await next()
    await settled()
    expect(thrown).toEqual([expect.objectContaining({ message: 'Mine' })])
    const again = bob.send('Are you there?')
    void next()
    await again.delivered
    await close()
  })

  test('a peer that asks and does not answer is not read any further', async () => {
    const { peer, received } = await bobAlone()
    for (let number = 0; number < 100; number++) peer.send({ type: 'message/cpim', body: asked(`m${number}`, 'x') })
    await settled(200)
    const sent = peer.seen.filter(({ method }) => method === 'SEND')
    expect([received.length, sent.length]).toEqual([64, 64])
    for (const request of sent) peer.respond(request)
    await settled(200)
    expect(received.length).toBe(100)
  })
})
