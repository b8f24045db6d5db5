import type { Setup } from './api.ts'

/** Whether peers can come to us: there is a listening socket, or a relay. */
export interface Reach {
  readonly reachable: boolean
  /** The application wants us to connect, whatever is offered. */
  readonly wants: 'active' | undefined
}

/**
 * What goes into an offer (RFC 6135 §4.2.2): `actpass` where the answerer may connect, and `active` where it cannot. Never
 * `passive`.
 */
export function offeredSetup({ reachable, wants }: Reach): 'active' | 'actpass' {
  return reachable && wants !== 'active' ? 'actpass' : 'active'
}

/**
 * What answers an offer, and so who connects: `active` is us. Undefined when there is no way: the offerer wants to connect,
 * which it does without `a=setup` as well (RFC 4975 §8.5), and cannot reach us.
 */
export function answeredSetup(offer: Setup | undefined, { reachable, wants }: Reach): 'active' | 'passive' | undefined {
  switch (offer) {
    case 'actpass':
      // Where peers can come the answerer should be passive (RFC 6135 §4.2.2).
      return reachable && wants !== 'active' ? 'passive' : 'active'
    case 'passive':
      // RFC 6135 does not allow it in offers; what it means is clear.
      return 'active'
    case 'active':
    case undefined:
      return reachable ? 'passive' : undefined
    default:
      return offer satisfies never
  }
}

/** Whether the offerer connects, after its `offered` and what the answer says. */
export function offererIsActive(offered: 'active' | 'actpass', answer: Setup | undefined): boolean {
  // Without an answer to it RFC 4975 §8.5 holds: the offerer connects.
  return offered === 'active' || answer !== 'active'
}
