/**
 * What operators say no to: users who are denied (`access`) or have enough `sessions`; messages by their type or size, and
 * those beyond the bytes of a day, or of a second where their sender cannot be held up.
 */
export type PolicyRefusal = 'access' | 'sessions' | 'content_type' | 'size' | 'bytes_per_day' | 'bytes_per_second'

/** What the relay has counted since it started. */
export class Counters {
  connections = 0
  authentications = 0
  authenticationFailures = 0
  /** SEND requests taken in, and the chunks they went out as. */
  chunksReceived = 0
  chunksForwarded = 0
  bodyBytes = 0
  requestsForwarded = 0
  reportsSent = 0
  /** Requests whose first URI was no valid token. */
  unknownTokens = 0
  /** Requests for another relay; their connections were closed. */
  misdirected = 0
  /** Requests and responses that had nowhere to go. */
  dropped = 0
  /** Peers that were refused because the session has another one. */
  intruders = 0
  /** AUTHs and chunks that were refused, by what was against them. */
  readonly policyRefusals: Record<PolicyRefusal, number> = {
    access: 0,
    sessions: 0,
    content_type: 0,
    size: 0,
    bytes_per_day: 0,
    bytes_per_second: 0,
  }
  /** How often a sender was not read for a while, because of the bytes a second of a user or domain. */
  pauses = 0
}
