// What the compiler lets users of `msrp/resuming` do, and what not. Checked by `npm run check`; nothing runs this.
import {
  connect,
  type Finished,
  type IncomingMessage,
  type MsrpError,
  type OutgoingMessage,
  type Session,
  type SessionEnd,
} from 'msrp'
import { type ResumingEvent, ResumingSession } from 'msrp/resuming'
import { type Negotiation, nextByOffer } from 'msrp/sdp'
import { expectTypeOf } from 'vitest'

export function making(call: Negotiation): void {
  new ResumingSession({ next: nextByOffer(call, async (offer) => offer) })
  // What an attempt is told goes straight into `connect`.
  new ResumingSession({ next: ({ signal, resumeKey }) => connect({ path: '', signal, resumeKey }) })
  // It may know that there is nothing more to try.
  new ResumingSession({ next: async ({ attempt, error }) => expectTypeOf([attempt, error]) && undefined })
  new ResumingSession({ next: async () => undefined, backOff: { atOnce: true }, isLoss: ({ by }) => by === 'failure' })
  // @ts-expect-error without sessions there is none
  new ResumingSession({ attempts: 3 })
  // @ts-expect-error an attempt brings a session, not a path
  new ResumingSession({ next: async () => 'msrp://a.example:1/b;tcp' })
  // @ts-expect-error `most`, of waiting
  new ResumingSession({ next: async () => undefined, backOff: { max: 30_000 } })
  // @ts-expect-error a queue has two limits
  new ResumingSession({ next: async () => undefined, queue: 100 })
}

export function events(event: ResumingEvent): string {
  expectTypeOf(event.kind).toEqualTypeOf<'open' | 'lost' | 'waiting' | 'failed' | 'given-up'>()
  switch (event.kind) {
    case 'open':
      expectTypeOf(event.session).toEqualTypeOf<Session>()
      return `${event.resent} go out again`
    case 'waiting':
      // @ts-expect-error to wait is no error
      return event.error.message
    case 'lost':
      // @ts-expect-error which attempt this is, is not known yet
      return `${event.attempt}`
    default:
      expectTypeOf(event.error).toEqualTypeOf<MsrpError>()
      return event.error.code
  }
}

export async function using(session: ResumingSession): Promise<void> {
  // It is one for everybody who takes a session.
  expectTypeOf(session).toExtend<Session>()
  await using another = session
  for await (const message of another) expectTypeOf(message).toEqualTypeOf<IncomingMessage>()
  expectTypeOf(session.send('Hello')).toEqualTypeOf<OutgoingMessage>()
  expectTypeOf(session.opened).resolves.toEqualTypeOf<void>()
  expectTypeOf(session.closed).resolves.toEqualTypeOf<SessionEnd>()
  expectTypeOf(session.phase).toEqualTypeOf<'connecting' | 'open' | 'reconnecting' | 'closed'>()
  // A session that has lost its connection is open nevertheless.
  expectTypeOf(session.state).toEqualTypeOf<'open' | 'closing' | 'closed'>()
  expectTypeOf(session.finish({ incoming: true })).resolves.toEqualTypeOf<Finished>()
  // @ts-expect-error what has not arrived is told, not taken back
  ;(await session.finish()).undelivered.pop()
  // @ts-expect-error how often it was lost is counted
  session.losses = 0
  // @ts-expect-error there is one way to lose it on purpose, and nothing to say about it
  session.reconnect('wlan')
}
