// What the compiler lets users of `msrp/composing` do, and what not. Checked by `npm run check`; nothing runs this.
import type { IncomingMessage, Session } from 'msrp'
import {
  buildComposing,
  type COMPOSING_TYPE,
  Composer,
  Composers,
  type ComposingPeer,
  type ComposingStatus,
  composerOn,
  parseComposing,
} from 'msrp/composing'
import type { OpenedCpim } from 'msrp/cpim'
import type { ReceivedIm } from 'msrp/imdn'
import { ResumingSession } from 'msrp/resuming'
import { expectTypeOf } from 'vitest'

const cpim = { from: 'sip:alice@example.com', to: 'sip:room@example.com' }

export function saying(session: Session): void {
  const composer = composerOn(session)
  expectTypeOf(composer).toEqualTypeOf<Composer>()
  expectTypeOf(composer.state).toEqualTypeOf<'active' | 'idle' | 'stopped'>()
  // For every key, so there is nothing to wait for.
  expectTypeOf(composer.composing('text/plain')).toEqualTypeOf<void>()
  composerOn(new ResumingSession({ next: async () => session }))
  composerOn(session, { refresh: false, idleTimeout: 15_000, cpim })
  composerOn(session, { cpim: () => ({ ...cpim, dateTime: new Date() }) })
  // @ts-expect-error it is said again, or it is not: `false`
  composerOn(session, { refresh: true })
  // @ts-expect-error an envelope has a recipient
  composerOn(session, { cpim: { from: 'sip:alice@example.com' } })
  // @ts-expect-error a misspelt option
  composerOn(session, { idleTimeOut: 15_000 })
  // @ts-expect-error what somebody is doing follows from what they do
  composer.state = 'active'
  new Composer(async (status) => console.log(buildComposing(status)))
  // @ts-expect-error what carries a status tells when the other side has it
  new Composer((status) => console.log(status))
}

export async function hearing(message: IncomingMessage, opened: OpenedCpim, im: ReceivedIm): Promise<void> {
  const composers = new Composers({ onChange: (peer) => expectTypeOf(peer).toEqualTypeOf<ComposingPeer>() })
  // A message, what was in its envelope, and what receipts give: all are told apart by themselves.
  expectTypeOf(composers.take(message)).resolves.toEqualTypeOf<boolean>()
  await composers.take(opened)
  await composers.take(im)
  // @ts-expect-error whose type is not known may be anything
  await composers.take({ stream: () => new ReadableStream() })
  // @ts-expect-error a document alone is for `status`
  await composers.take('<isComposing/>')
  composers.status(parseComposing('<isComposing/>'), 'sip:bob@example.com')
  // @ts-expect-error who is writing is not for others to change
  composers.active.pop()
  // @ts-expect-error there are two states, and what others say is one of them
  composers.status({ state: 'away' })
}

export function documents(status: ComposingStatus): void {
  expectTypeOf<typeof COMPOSING_TYPE>().toEqualTypeOf<'application/im-iscomposing+xml'>()
  expectTypeOf(parseComposing('')).toEqualTypeOf<ComposingStatus>()
  expectTypeOf(status.state).toEqualTypeOf<'active' | 'idle'>()
  expectTypeOf(status.lastActive).toEqualTypeOf<Date | undefined>()
  // @ts-expect-error a number could be seconds or milliseconds
  buildComposing({ state: 'active', lastActive: 1767312000 })
  // @ts-expect-error a document says a state
  buildComposing({ refresh: 120 })
}
