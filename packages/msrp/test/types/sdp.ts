// What the compiler lets users of `msrp/sdp` do, and what not. Checked by `npm run check`; nothing runs this.
import type { Endpoint, Session } from 'msrp'
import * as browser from 'msrp/browser'
import { type Medium, type MessageDescription, Negotiation, nextByOffer, reoffer, SessionDescription } from 'msrp/sdp'
import { expectTypeOf } from 'vitest'

const relay = { uri: 'wss://relay.example.com/msrp', username: 'alice', password: 'secret' }

export async function exchanging(offer: string, answer: string): Promise<void> {
  // Either endpoint will do; one that prepares nothing will not.
  await using call = new Negotiation(new browser.Endpoint(), { relay })
  expectTypeOf(call.offer()).resolves.toEqualTypeOf<string>()
  expectTypeOf(call.answer(offer)).resolves.toEqualTypeOf<string>()
  expectTypeOf(call.accept(answer)).resolves.toEqualTypeOf<Session>()
  expectTypeOf(call.fork()).toEqualTypeOf<Negotiation>()
  expectTypeOf(call.role).toEqualTypeOf<'offerer' | 'answerer' | undefined>()
  // @ts-expect-error
  new Negotiation({ connect: () => {} })
  // @ts-expect-error an answer is a text, and no Response
  await call.accept(new Response(answer))
  // @ts-expect-error what others have to say comes back as a text, too
  await call.answer(offer, { around: (rest) => rest.length })
  // What carries offers takes what SIP is asked with, and gives the answer.
  await reoffer(call, async (text, signal) => `${text}${signal?.aborted}`)
  // @ts-expect-error
  await reoffer(call, async () => {})
  expectTypeOf(nextByOffer(call, async (text) => text)).returns.resolves.toEqualTypeOf<Session | undefined>()
}

export function wishes(endpoint: Endpoint): void {
  // One medium, several, or none.
  new Negotiation(endpoint, { chatroom: ['nickname'], attributes: [['x-mine'], ['x-mine', 'value']] })
  new Negotiation(endpoint, [{ acceptTypes: ['text/plain'] }, { direction: 'recvonly', relay }] as const)
  // @ts-expect-error what the peer takes is in its description, not in a wish
  new Negotiation(endpoint, { peerAcceptTypes: ['*'] })
  // @ts-expect-error nor is whom to let in
  new Negotiation(endpoint, { remotePath: 'first' })
  // @ts-expect-error an option of `prepare` that is misspelt
  new Negotiation(endpoint, { acceptType: ['text/plain'] })
  // @ts-expect-error directions are those of SDP
  new Negotiation(endpoint, { direction: 'sendreceive' })
  // @ts-expect-error to be passive is what listening means
  new Negotiation(endpoint, { setup: 'passive' })
  // @ts-expect-error an attribute has a name, and at most one value
  new Negotiation(endpoint, { attributes: [['x-mine', 'value', 'more']] })
}

export function deciding(endpoint: Endpoint): void {
  new Negotiation(endpoint, [], { onMedium: () => undefined })
  new Negotiation(endpoint, [], {
    onMedium: async ({ medium }) => (medium ? { change: { direction: 'inactive' } } : { refuse: 'No more' }),
  })
  // @ts-expect-error a medium that stands keeps its types
  new Negotiation(endpoint, [], { onMedium: () => ({ change: { acceptTypes: ['*'] } }) })
  // @ts-expect-error a refusal has words
  new Negotiation(endpoint, [], { onMedium: () => ({ refuse: true }) })
  new Negotiation(endpoint, [], {
    onOfferDue: (due) => {
      if (due.reason === 'path-changed') expectTypeOf(due.oldExpiresIn).toEqualTypeOf<number>()
      // @ts-expect-error a middlebox gives no time
      else console.log(due.oldExpiresIn)
    },
  })
}

export function reading(medium: Medium): void {
  const [first] = SessionDescription.parse('').messages
  expectTypeOf(first).toEqualTypeOf<MessageDescription | undefined>()
  expectTypeOf(medium.remote?.chatroom).toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf(medium.state).toEqualTypeOf<'new' | 'offered' | 'agreed' | 'over'>()
  expectTypeOf(medium.onSession(() => {})).toEqualTypeOf<() => void>()
  medium.change({ direction: 'sendonly', information: 'Holidays' })
  // @ts-expect-error what is offered is changed by `change`
  medium.wishes.direction = 'sendonly'
  // @ts-expect-error and only what need not be prepared again
  medium.change({ maxMessageSize: 1 })
  // @ts-expect-error what the peer has said stays
  medium.remote?.acceptTypes.push('text/html')
  // @ts-expect-error a description is read by `parse`
  new SessionDescription([], [])
}
