import type { Session } from './api.ts'
import type { SessionOptions } from './options.ts'

/** What a peer says in its SDP of the messages that it takes. */
export type PeerFacts = Pick<SessionOptions, 'peerAcceptTypes' | 'peerAcceptWrappedTypes' | 'peerMaxMessageSize'>

/** A session whose peer may say something else later. For `msrp/sdp`: applications have no business with it. */
export interface Renegotiable {
  /** What the peer says now, in place of all that it said before. For messages that are sent from now on. */
  peerSays(facts: PeerFacts): void
}

/** Tells a session what its peer says in a later description (RFC 4975 §8.6). */
export function peerSays(session: Session, facts: PeerFacts): void {
  if (isRenegotiable(session)) session.peerSays(facts)
}

function isRenegotiable(session: Session): session is Session & Renegotiable {
  return 'peerSays' in session
}
