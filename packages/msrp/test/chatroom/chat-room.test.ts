import { describe, expect, test } from 'vitest'
import { ChatRoom, type ChatRoomOptions, type RoomFacts, roomVerdict } from '../../src/chatroom/index.ts'
import { buildCpim, type CpimParts, openCpim, parseCpim } from '../../src/cpim/index.ts'
import { askForImdn, buildImdn, imdnRequest, parseImdn, Receipts, type ReceivedIm } from '../../src/imdn/index.ts'
import { buildMultipart } from '../../src/multipart/index.ts'
import { Negotiation } from '../../src/sdp/index.ts'
import { attributeOf, listen, StubEndpoint } from '../sdp/stub-endpoint.ts'
import { settled } from '../session/raw-peer.ts'
import { active, both, failure, nextMessage, passive } from '../session/stage.ts'

const ROOM = 'sip:room@example.com'
const ALICE = 'sip:alice@example.com'
const BOB = 'sip:bob@example.com'

async function alice(more: Partial<ChatRoomOptions> = {}) {
  const stage = await active()
  const capabilities = ['nickname', 'private-messages', 'com.example.x']
  return { ...stage, room: new ChatRoom(stage.session, { uri: ROOM, self: `Alice <${ALICE}>`, capabilities, ...more }) }
}

describe('a participant', () => {
  test('says in its description what may be in the envelopes (RFC7701-5.2-1)', async () => {
    const wishes = { listen, acceptTypes: ['message/cpim'], acceptWrappedTypes: ['text/plain', 'message/imdn+xml'] }
    const offer = await new Negotiation(new StubEndpoint('a'), wishes).offer()
    expect(attributeOf(offer, 'accept-wrapped-types')).toBe('text/plain message/imdn+xml')
  })

  test('writes to everybody by the URI of the room, as itself (RFC7701-6.1-2, RFC7701-6.1-3)', async () => {
    const { room, peer } = await alice()
    room.send('Hello all')
    const sent = await peer.request('SEND')
    const { head, text } = parseCpim(sent.body)
    expect([sent.field('Content-Type'), head.from, head.to, text()]).toEqual([
      'message/cpim',
      { uri: ALICE, name: 'Alice' },
      [{ uri: ROOM }],
      'Hello all',
    ])
  })

  test('stays anonymous with the URI that the room has given it (RFC7701-6.1-4, RFC7701-6.1-5)', async () => {
    const anonymous = 'sip:anonymous-3@anonymous.invalid'
    const { room, peer } = await alice({ self: anonymous })
    room.send('Psst')
    const { body } = await peer.request('SEND')
    expect(parseCpim(body).head.from).toEqual({ uri: anonymous })
    expect(new TextDecoder().decode(body)).not.toContain('alice')
  })

  test('writes to one alone with a single To (RFC7701-6.2-1)', async () => {
    const { room, peer } = await alice()
    room.sendPrivate(BOB, '<p>Psst</p>', { contentType: 'text/html', cpim: { subject: 'You', cc: BOB } })
    const { head } = parseCpim((await peer.request('SEND')).body)
    expect([head.to, head.contentType, head.subject()]).toEqual([[{ uri: BOB }], 'text/html', 'You'])
  })

  test('chooses what it wants to have reported (RFC7701-6.1-1)', async () => {
    const { room, peer } = await alice()
    room.send('a', { successReport: false, failureReport: 'partial' })
    const sent = await peer.request('SEND')
    expect([sent.field('Success-Report'), sent.field('Failure-Report')]).toEqual(['no', 'partial'])
  })

  test('has receipts of all in a room, also when the room tells them at once', async () => {
    const { room, peer } = await alice()
    const receipts = new Receipts(room, { consent: () => true })
    void (async () => {
      for await (const _ of receipts);
    })()
    const sent = receipts.send('Hello all')
    const outgoing = await peer.request('SEND')
    peer.respond(outgoing)
    const { head } = parseCpim(outgoing.body)
    expect([head.from?.uri, head.to[0]?.uri, imdnRequest(head)?.messageId]).toEqual([ALICE, ROOM, sent.messageId])
    const documents = [BOB, 'sip:carol@example.com'].map((recipientUri) => {
      const facts = { messageId: sent.messageId, dateTime: '', recipientUri }
      return buildImdn({ ...facts, disposition: { type: 'display', status: 'displayed' } })
    })
    const parts = documents.map((xml) => ({ content: xml, contentType: 'message/imdn+xml' }))
    const { contentType, body } = buildMultipart('mixed', parts)
    const around: CpimParts = { from: ROOM, to: ALICE, contentType }
    const contentFields = [['Content-Disposition', 'notification']] as const
    peer.send({ type: 'message/cpim', body: buildCpim({ ...around, contentFields }, body) })
    await sent.displayed
    expect([...sent.recipients.keys()]).toEqual([BOB, 'sip:carol@example.com'])
  })

  test('writes with receipts to one alone, and tells one alone, where the room says so and nowhere else', async () => {
    for (const capabilities of [['private-messages'], []]) {
      const { room, peer, session } = await alice({ capabilities })
      const receipts = new Receipts(room)
      const isPrivate = capabilities.length > 0
      const writes = (to: string | string[]): unknown => receipts.send('Psst', { to }).outgoing
      if (isPrivate) writes(BOB)
      else expect(() => writes(BOB)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
      expect(() => writes([ROOM, BOB])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
      if (isPrivate) peer.respond(await peer.request('SEND'))
      const wishes = ['positive-delivery', 'display'] as const
      const asking = (from: string): Uint8Array =>
        buildCpim(askForImdn({ from, to: ROOM }, { messageId: `of ${from}`, wishes, now: new Date() }), 'x')
      peer.send({ type: 'message/cpim', body: asking(BOB) })
      const im = (await receipts.receive(await nextMessage(session))) as ReceivedIm
      const displayed = im.displayed()
      if (isPrivate) {
        const told = [await peer.request('SEND'), await peer.request('SEND')]
        for (const request of told) peer.respond(request)
        const read = told.map(({ body }) => parseCpim(body))
        expect(read.map(({ head }) => head.to[0]?.uri)).toEqual([BOB, BOB])
        const types = read.map(({ text }) => parseImdn(text())[0]?.disposition?.type)
        expect(types.toSorted()).toEqual(['delivery', 'display'])
      }
      expect(await displayed).toBe(isPrivate)
      // The room itself may always hear of what it wrote.
      await settled()
      expect(peer.seen.filter(({ method }) => method === 'SEND')).toEqual([])
      peer.send({ type: 'message/cpim', body: asking(ROOM) })
      await receipts.receive(await nextMessage(session))
      expect(parseCpim((await peer.request('SEND')).body).head.to[0]?.uri).toBe(ROOM)
    }
  })

  test('can ask for receipts in a room', async () => {
    const { room, peer } = await alice()
    const cpim = askForImdn({}, { messageId: 'm1', wishes: ['display'], now: new Date() })
    room.send('a', { cpim })
    const { head } = parseCpim((await peer.request('SEND')).body)
    expect(imdnRequest(head)?.messageId).toBe('m1')
  })

  test.each([undefined, [], ['nickname']])('writes to nobody alone where the room says %j', async (capabilities) => {
    const { room } = await alice({ capabilities })
    expect(room.hasPrivateMessages).toBe(false)
    expect(() => room.sendPrivate(BOB, 'Psst')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('has a nickname only where the room has them', async () => {
    const [without, with_] = [
      await alice({ capabilities: ['private-messages'] }),
      await alice({ capabilities: ['nicknames'] }),
    ]
    expect(await failure(without.room.useNickname('Al'))).toMatchObject({ code: 'refused' })
    const asking = with_.room.useNickname('Al')
    with_.peer.respond(await with_.peer.request('NICKNAME'))
    await asking
  })

  test('sees who wrote, and whether to everybody (RFC7701-6.1-19, RFC7701-6.1-20)', async () => {
    const { session, peer } = await passive()
    const room = new ChatRoom(session, { uri: ROOM, self: BOB })
    for (const [to, isPrivate] of [
      [ROOM, false],
      ['SIP:room@EXAMPLE.com', false],
      [BOB, true],
      ['sip:Room@example.com', true],
    ] as const) {
      peer.send({ type: 'message/cpim', body: buildCpim({ from: ALICE, to }, 'x') })
      const { head } = await openCpim(await nextMessage(session))
      expect([to, room.isPrivate(head), head.from?.uri]).toEqual([to, isPrivate, ALICE])
    }
  })
})

describe('a room decides before it answers:', () => {
  const facts: RoomFacts = {
    uri: ROOM,
    isSender: (uri) => uri === ALICE,
    isParticipant: (uri) => [ALICE, BOB, 'sip:carol@example.com'].includes(uri),
    takesPrivateMessages: (uri) => uri === BOB,
  }

  test.each<[string, Partial<CpimParts>, number]>([
    ['a message to everybody', {}, 200],
    ['a URI in another case', { to: 'SIP:room@EXAMPLE.COM' }, 200],
    ['a private message', { to: BOB }, 200],
    ['a message of somebody else (RFC7701-6.1-6, RFC7701-6.2-2, RFC7701-6.3-4)', { from: BOB }, 403],
    ['a message to several (RFC7701-6.1-7, RFC7701-6.2-3)', { to: [ROOM, BOB] }, 403],
    ['a message to nobody here (RFC7701-6.2-4)', { to: 'sip:dave@example.com' }, 404],
    ['a private message to one who takes none (RFC7701-6.2-5)', { to: 'sip:carol@example.com' }, 428],
    ['headers beyond what it sees', { subject: 'x'.repeat(3000) }, 400],
  ])('%s', async (_, parts, status) => {
    const { peer } = await passive({ onRequest: (request, first) => roomVerdict(request, first, facts) })
    const body = buildCpim({ from: ALICE, to: ROOM, ...parts }, 'Hello')
    const id = peer.send({ type: 'message/cpim', body, failure: 'yes' })
    expect((await peer.response(id)).status).toBe(status)
  })

  test('a message without an envelope (RFC7701-6.3-3)', async () => {
    const { peer } = await passive({ onRequest: (request, first) => roomVerdict(request, first, facts) })
    expect((await peer.response(peer.send({ body: 'Hello', failure: 'yes' }))).status).toBe(415)
    const broken = peer.send({ type: 'message/cpim', body: 'no header\r\n\r\n', failure: 'yes' })
    expect((await peer.response(broken)).status).toBe(400)
  })

  test('and the one who wrote hears of it', async () => {
    const { sender, close } = await both({
      receiver: { onRequest: (request, first) => roomVerdict(request, first, facts) },
    })
    const room = new ChatRoom(sender, { uri: ROOM, self: ALICE, capabilities: ['private-messages'] })
    await room.send('Hello', { successReport: false }).delivered
    const refused = await failure(room.sendPrivate('sip:carol@example.com', 'Psst').delivered)
    expect(refused).toMatchObject({ code: 'refused', status: 428 })
    await close()
  })
})
