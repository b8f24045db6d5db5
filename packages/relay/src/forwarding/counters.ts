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
}
