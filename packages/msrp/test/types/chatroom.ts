// What the compiler lets users of `msrp/chatroom` do, and what not. Checked by `npm run check`; nothing runs this.
import { type Endpoint, type OutgoingMessage, prepare, type Session, type Verdict } from 'msrp'
import { ChatRoom, type RoomFacts, roomVerdict, useNickname } from 'msrp/chatroom'
import type { CpimHead } from 'msrp/cpim'
import { askForImdn, Receipts, type ReceiptsRoom } from 'msrp/imdn'
import { Negotiation } from 'msrp/sdp'
import { expectTypeOf } from 'vitest'

const ROOM = 'sip:room@example.com'
const SELF = 'Alice <sip:alice@example.com>'

export function entering(session: Session, call: Negotiation): void {
  // As the room's description says it, where it says so.
  new ChatRoom(session, { uri: ROOM, self: SELF, capabilities: call.media[0]?.remote?.chatroom })
  new ChatRoom(session, { uri: ROOM, self: { uri: 'sip:alice@example.com', name: 'Alice' } })
  // @ts-expect-error who writes has an address
  new ChatRoom(session, { uri: ROOM })
  // @ts-expect-error and a room has one
  new ChatRoom(session, { self: SELF })
  // @ts-expect-error capabilities are tokens, one by one
  new ChatRoom(session, { uri: ROOM, self: SELF, capabilities: 'nickname private-messages' })
}

export function writing(room: ChatRoom, head: CpimHead): void {
  expectTypeOf(room.send('Hello')).toEqualTypeOf<OutgoingMessage>()
  expectTypeOf(room.sendPrivate('sip:bob@example.com', 'Psst')).toEqualTypeOf<OutgoingMessage>()
  expectTypeOf(room.isPrivate(head)).toEqualTypeOf<boolean>()
  room.send('Hello', { cpim: askForImdn({}, { messageId: 'm1', wishes: ['display'], now: new Date() }) })
  // @ts-expect-error private is what has a recipient
  room.sendPrivate('Psst')
  // @ts-expect-error of which there is one: RFC 7701 §6.2
  room.sendPrivate(['sip:bob@example.com', 'sip:carol@example.com'], 'Psst')
  // @ts-expect-error who writes is the room's to know
  room.send('Hello', { cpim: { from: 'sip:mallory@example.com' } })
  // @ts-expect-error what is in the envelope is what `contentType` says
  room.send('Hello', { cpim: { contentType: 'text/html' } })
  // @ts-expect-error in an envelope there is no Content-Disposition of the message
  room.send('Hello', { fileName: 'a.txt' })
  // @ts-expect-error an address that changes is another participant
  room.self = SELF
  // Receipts take it as a session.
  expectTypeOf(room).toExtend<ReceiptsRoom>()
  new Receipts(room)
}

export function names(session: Session, room: ChatRoom): void {
  expectTypeOf(room.useNickname('Alice')).resolves.toEqualTypeOf<void>()
  expectTypeOf(useNickname(session, 'Alice')).resolves.toEqualTypeOf<void>()
  // @ts-expect-error to give a nickname up is to say so: ''
  useNickname(session, undefined)
  // @ts-expect-error a room is no session
  useNickname(room, 'Alice')
}

export function being(facts: RoomFacts, endpoint: Endpoint): void {
  prepare({ onRequest: (request, firstBytes) => roomVerdict(request, firstBytes, facts), onNickname: () => 425 })
  new Negotiation(endpoint, { onNickname: async (nickname) => (nickname === 'Alice' ? 'accept' : 424) })
  expectTypeOf(roomVerdict).returns.toExtend<Verdict>()
  // A refusal has words for the response.
  expectTypeOf<Exclude<ReturnType<typeof roomVerdict>, 'accept'>['comment']>().toEqualTypeOf<string>()
  // @ts-expect-error not a word that means anything
  prepare({ onNickname: () => 'taken' })
  const { takesPrivateMessages: _, ...incomplete } = facts
  // @ts-expect-error who does not know it lets private messages through
  roomVerdict({ contentType: 'message/cpim' }, new Uint8Array(), incomplete)
  // @ts-expect-error a room decides at once: who is in it, it knows
  roomVerdict({ contentType: 'message/cpim' }, new Uint8Array(), { ...facts, isParticipant: async () => true })
}
