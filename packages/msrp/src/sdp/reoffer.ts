import type { Clock } from '../connection/index.ts'
import { wakefulClock } from '../connection/system-clock.ts'
import type { Session } from '../session/api.ts'
import { MsrpError, type RandomBytes } from '../wire/index.ts'
import { systemRandom } from '../wire/system-random.ts'
import { unlessAborted } from './abortable.ts'
import type { Medium } from './api.ts'
import type { Negotiation } from './negotiation.ts'

/**
 * Carries an offer to the peer, as by a re-INVITE, and resolves with its answer. Fails with an MsrpError `glare` when the peer's
 * own offer came first (SIP: 491); whatever else it fails with, the offer is taken back.
 */
export type CarryOffer = (offer: string, signal: AbortSignal | undefined) => Promise<string>

/** How another offer is made. */
export interface ReofferOptions {
  /** As in `OfferOptions`. */
  readonly around?: string
  /** Gives up, with `aborted`. */
  readonly signal?: AbortSignal
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomBytes
}

/** How sessions come by offers. Times in milliseconds. */
export interface NextByOfferOptions extends Omit<ReofferOptions, 'signal'> {
  /** The one whose sessions these are. Default: the first of the negotiation. */
  readonly medium?: Medium
  /**
   * How long the side that had answered the first offer waits for another one before it makes its own: when both have lost their
   * session, one offer is enough. Default 5 000.
   */
  readonly waitForPeer?: number
}

/**
 * Makes an offer, has it carried to the peer and takes the answer. Where the peer's own offer is on its way at the same time, ours
 * is taken back and comes again after a wait (RFC 3261 §14.1), unless theirs has made it needless: for `onOfferDue`, where both
 * sides may find at the same time that an offer is due. An offer that ends all media goes well without a session.
 * @throws MsrpError what `offer`, `carry` and `accept` fail with
 */
export async function reoffer(
  negotiation: Negotiation,
  carry: CarryOffer,
  options: ReofferOptions = {},
): Promise<void> {
  await offerWhile(() => negotiation.offerDue, negotiation, carry, options)
}

/**
 * What gets a `ResumingSession` of `msrp/resuming` its sessions, for its option `next`: the first one is that of the first offer and
 * answer, which the application exchanges; after a loss the side that made that offer makes another one, and the other side waits
 * for it. Answer the peer's offers with `negotiation.answer`, as always. A session that comes by a later offer ends the one before.
 * When the medium is over there is no next one.
 * @throws MsrpError `invalid-argument` when the negotiation has no medium
 */
export function nextByOffer(
  negotiation: Negotiation,
  carry: CarryOffer,
  options: NextByOfferOptions = {},
): (context: { readonly signal: AbortSignal }) => Promise<Session | undefined> {
  const { medium = negotiation.media[0], waitForPeer = 5_000, ...rest } = options
  if (medium === undefined) throw new MsrpError('invalid-argument', 'The negotiation has no medium yet')
  let last: Promise<Session> | undefined
  let given: Session | undefined
  medium.onSession((session) => {
    // The peer has lost, or replaced, what seems to live here.
    if (session !== given) given?.drop()
  })
  const lacking = (): boolean => medium.state !== 'over' && medium.session === last
  return async ({ signal }) => {
    if (lacking() && negotiation.role === 'answerer') await pause([medium], waitForPeer, lacking, { ...rest, signal })
    try {
      if (lacking()) await offerWhile(lacking, negotiation, carry, { ...rest, signal })
    } finally {
      last = medium.session
    }
    if (medium.state === 'over') return undefined
    given = await unlessAborted(last, signal)
    return given
  }
}

/** Offers, and once more after each glare while that is needed. */
async function offerWhile(
  needed: () => boolean,
  negotiation: Negotiation,
  carry: CarryOffer,
  options: ReofferOptions,
): Promise<void> {
  const { around, signal, random } = options
  const given = { ...(around !== undefined && { around }), ...(signal && { signal }) }
  do {
    const waits = negotiation.busy
    if (!waits) {
      const offer = await negotiation.offer(given)
      const endsAll = negotiation.media.every(({ local }) => local?.port === 0)
      try {
        const answer = await unlessAborted(carry(offer, signal), signal)
        await negotiation.accept(answer, given)
        return
      } catch (error) {
        // Another one may be out by now, where the application has taken this one back.
        const unanswered = negotiation.rollback(offer)
        const code = error instanceof MsrpError ? error.code : undefined
        // It is agreed that nothing goes on: there is no session for `accept` to resolve with.
        if (code === 'closed' && endsAll && !unanswered) return
        // RFC 6714 §4.2: another one, at once.
        if (code === 'offer-due') continue
        if (code !== 'glare') throw error
      }
    }
    // An offer of our own that was out has its answer: the next one may go at once.
    const stillWaits = (): boolean => needed() && (!waits || negotiation.busy)
    await pause(negotiation.media, glareWait(negotiation.role, random), stillWaits, options)
  } while (needed())
}

/**
 * Waits so long, or until there is no need to any more: the peer has said something, or a medium is over.
 * @throws MsrpError `aborted`
 */
async function pause(
  media: readonly Medium[],
  milliseconds: number,
  needed: () => boolean,
  { clock = wakefulClock, signal }: ReofferOptions,
): Promise<void> {
  if (!needed()) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(milliseconds, resolve)
  const look = (): void => void (needed() || resolve())
  const stops = media.flatMap((medium) => [medium.onRemote(look), medium.onOver(look)])
  try {
    await unlessAborted(promise, signal)
  } finally {
    cancel()
    for (const stop of stops) stop()
  }
}

/** T of RFC 3261 §14.1, in steps of 10 ms: the two sides wait for different times. */
function glareWait(role: Negotiation['role'], random: RandomBytes = systemRandom): number {
  const [high = 0, low = 0] = random(2)
  const chance = (high * 256 + low) / 2 ** 16
  return role === 'answerer' ? 10 * Math.floor(chance * 201) : 2_100 + 10 * Math.floor(chance * 191)
}
