// What the compiler lets users of `msrp/imdn` do, and what not. Checked by `npm run check`; nothing runs this.
import type { Session } from 'msrp'
import type { ChatRoom } from 'msrp/chatroom'
import { buildCpim, type CpimHead } from 'msrp/cpim'
import {
  askForImdn,
  buildImdn,
  buildNotification,
  type Disposition,
  type Imdn,
  imdnRequest,
  parseImdn,
  type Receipt,
  Receipts,
  type ReceivedIm,
  type SentItem,
  SentItems,
  withThreading,
} from 'msrp/imdn'
import { expectTypeOf } from 'vitest'

const parties = { self: 'sip:alice@example.com', peer: 'sip:bob@example.com' }

export function making(session: Session, room: ChatRoom): void {
  new Receipts(session, { ...parties, sentItems: new SentItems() })
  new Receipts(session, {
    ...parties,
    sentItems: { count: 10 },
    consent: async (_, type) => type === 'display' || 'forbidden',
  })
  // A room knows who we are, and who it is.
  new Receipts(room)
  // @ts-expect-error a session does not
  new Receipts(session)
  // @ts-expect-error of whom receipts come has to be known, too
  new Receipts(session, { self: 'sip:alice@example.com' })
  // @ts-expect-error in a room nobody is anybody else
  new Receipts(room, parties)
  // @ts-expect-error consent is given, or not, or forbidden
  new Receipts(session, { ...parties, consent: () => 'denied' })
  // @ts-expect-error delivery is wanted when it is positive or negative: RFC 5438 §6.2
  new Receipts(session, { ...parties, wishes: ['delivery'] })
}

export async function sending(receipts: Receipts): Promise<void> {
  const sent = receipts.send('Hello', { to: ['sip:bob@example.com', 'sip:carol@example.com'], wishes: ['display'] })
  expectTypeOf(sent).toEqualTypeOf<SentItem>()
  expectTypeOf(sent.displayed).resolves.toEqualTypeOf<Receipt>()
  expectTypeOf(sent.recipient('sip:bob@example.com').delivered).resolves.toEqualTypeOf<Receipt>()
  expectTypeOf(sent.dispositions.get('delivery')).toEqualTypeOf<Disposition | undefined>()
  // @ts-expect-error From and To of the envelope are said once
  receipts.send('Hello', { cpim: { from: 'sip:mallory@example.com' } })
  // @ts-expect-error in an envelope there is no Content-Disposition of the message
  receipts.send('Hello', { disposition: 'render' })
  // @ts-expect-error what others have said of it stays
  sent.dispositions.clear()
  // @ts-expect-error and so does what was asked
  sent.wishes.add('display')
}

export async function receiving(receipts: Receipts): Promise<void> {
  for await (const im of receipts) {
    expectTypeOf(im).toEqualTypeOf<ReceivedIm>()
    expectTypeOf(im.head).toEqualTypeOf<CpimHead | undefined>()
    expectTypeOf(im.displayed()).resolves.toEqualTypeOf<boolean>()
    await im.notify({ type: 'display', status: 'forbidden' })
    // @ts-expect-error what is shown has not been delivered by that
    await im.notify({ type: 'display', status: 'delivered' })
    // @ts-expect-error only who passes a message on tells that it was stored
    await im.notify({ type: 'processing', status: 'stored' })
  }
}

export function documents(head: CpimHead): void {
  const facts = { messageId: 'm1', dateTime: '' }
  expectTypeOf(buildImdn({ ...facts, disposition: { type: 'processing', status: 'stored' } })).toEqualTypeOf<string>()
  // @ts-expect-error there is no such status
  buildImdn({ ...facts, disposition: { type: 'delivery', status: 'read' } })
  expectTypeOf(parseImdn('')).toEqualTypeOf<Imdn[]>()
  // Others may say what is not known here.
  expectTypeOf<Imdn['disposition']>().toEqualTypeOf<Disposition | undefined>()
  const request = imdnRequest(head)
  // @ts-expect-error not every message asks
  buildNotification(request, { type: 'display', status: 'displayed' }, { messageId: 'm2', now: new Date() })
  if (request === undefined) return
  const notification = buildNotification(
    request,
    { type: 'display', status: 'displayed' },
    { messageId: '', now: new Date() },
  )
  // Nor for everything.
  expectTypeOf(notification).toEqualTypeOf<Uint8Array | undefined>()
}

export function envelopes(): void {
  // What is added to an envelope leaves the rest of it there.
  const asking = askForImdn(
    { from: parties.self, to: parties.peer },
    { messageId: 'm1', wishes: ['display'], now: new Date() },
  )
  buildCpim(withThreading(asking, { conversationId: 'c1' }), 'Hello')
  const without = askForImdn({}, { messageId: 'm1', wishes: ['display'], now: new Date() })
  // @ts-expect-error and does not put there what is missing
  buildCpim(without, 'Hello')
  // @ts-expect-error a message is referred to by its id and how
  withThreading(asking, { reference: { messageId: 'm0' } })
}
