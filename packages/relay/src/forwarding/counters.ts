import { Histogram } from './histogram.ts'
import { StatusCounts } from './status-counts.ts'

/** How AUTH requests for this relay were answered. */
export const AUTH_RESULTS = ['ok', 'challenged', 'stale', 'failed', 'refused', 'temporary'] as const
export type AuthResult = (typeof AUTH_RESULTS)[number]

/** Methods that are told apart; whatever else there is counts as `other`. */
export const METHODS = ['SEND', 'REPORT', 'AUTH', 'NICKNAME', 'other'] as const
export type Method = (typeof METHODS)[number]

/** What became of attempts to connect to a next hop. */
export const DIAL_RESULTS = ['connected', 'denied', 'unreachable', 'tls', 'timeout', 'limit'] as const
export type DialResult = (typeof DIAL_RESULTS)[number]

/** Why connections were closed as soon as they were there, or came to nothing. */
export const REFUSALS = [
  'connections',
  'connections_per_address',
  'access',
  'proxy',
  'handshakes',
  'handshake_timeout',
  'handshake_failed',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** Why sessions ended. */
export const END_REASONS = ['disconnected', 'lost', 'expired', 'kicked', 'stopped'] as const
export type EndReason = (typeof END_REASONS)[number]

/**
 * What operators say no to: users who are denied (`access`) or have enough `sessions`; messages by their type or size, and
 * those beyond the bytes of a day, or of a second where their sender cannot be held up.
 */
export const POLICY_REFUSALS = [
  'access',
  'sessions',
  'content_type',
  'size',
  'bytes_per_day',
  'bytes_per_second',
] as const
export type PolicyRefusal = (typeof POLICY_REFUSALS)[number]

/** What the relay has counted since it started: plain numbers, which are looked at when somebody asks. */
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
  /** Tokens handed out, and how they ended. */
  sessions = 0
  readonly sessionsEnded: Record<EndReason, number> = zeros(END_REASONS)
  /** AUTHs and chunks that were refused, by what was against them. */
  readonly policyRefusals: Record<PolicyRefusal, number> = zeros(POLICY_REFUSALS)
  /** How often a sender was not read for a while, because of the bytes a second of a user or domain. */
  pauses = 0
  readonly auth: Record<AuthResult, number> = zeros(AUTH_RESULTS)
  /** Requests that arrived. */
  readonly requests: Record<Method, number> = zeros(METHODS)
  readonly dials: Record<DialResult, number> = zeros(DIAL_RESULTS)
  readonly refused: Record<Refusal, number> = zeros(REFUSALS)
  /** Responses that went out, of our own and those passed on; and those that came in. */
  readonly responsesSent: StatusCounts = new StatusCounts()
  readonly responsesReceived: StatusCounts = new StatusCounts()
  /** REPORTs that this relay made itself, and those it passed on, by their Status. */
  readonly ownReports: StatusCounts = new StatusCounts()
  readonly forwardedReports: StatusCounts = new StatusCounts()
  /** From the arrival of an AUTH until its answer. */
  readonly authTime: Histogram = new Histogram()
  /** From the arrival of a chunk's end until the next hop's answer to it. */
  readonly answerTime: Histogram = new Histogram()

  /** A request has arrived. */
  request(method: string): void {
    this.requests[isMethod(method) ? method : 'other']++
  }
}

function isMethod(method: string): method is Method {
  return method === 'SEND' || method === 'REPORT' || method === 'AUTH' || method === 'NICKNAME'
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}
