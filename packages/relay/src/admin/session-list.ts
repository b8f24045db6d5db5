import { type SessionFacts, type SessionPeer, type SessionTraffic, sessionNumber } from '../forwarding/session-facts.ts'

/** A session as `GET /sessions` tells of it. Times are ISO 8601 in UTC. */
export interface ListedSession {
  readonly id: string
  readonly account: string
  readonly domain: string
  readonly client: string
  readonly transport: string
  /** The relay that the client is behind; null when there is none. */
  readonly via: string | null
  readonly since: string
  readonly expires: string
  readonly sent: SessionTraffic
  readonly received: SessionTraffic
  readonly peers: readonly SessionPeer[]
}

/** What is asked for. */
export interface SessionQuery {
  readonly account?: string | undefined
  readonly domain?: string | undefined
  /** The id of the last session of the page before. */
  readonly after?: string | undefined
  /** Sessions on one page. */
  readonly limit: number
}

/** One page of sessions, oldest first; `next` is the `after` of the next page. */
export interface SessionPage {
  readonly sessions: readonly ListedSession[]
  readonly next: string | null
}

/** The page of sessions that is asked for. Sessions that end or begin between two pages do not shift the others. */
export function sessionPage(all: Iterable<SessionFacts>, query: SessionQuery): SessionPage {
  const after = query.after === undefined ? 0 : sessionNumber(query.after)
  const sessions: ListedSession[] = []
  for (const session of all) {
    if (query.after !== undefined && !(sessionNumber(session.id) > after)) continue
    if (query.account !== undefined && session.account !== query.account) continue
    if (query.domain !== undefined && session.domain !== query.domain) continue
    if (sessions.length === query.limit) return { sessions, next: sessions.at(-1)?.id ?? null }
    sessions.push(listed(session))
  }
  return { sessions, next: null }
}

function listed(session: SessionFacts): ListedSession {
  const { id, account, domain, client, relay, started, expires, sent, received, peers } = session
  const transport = client.slice(0, Math.max(0, client.indexOf(' ')))
  const times = { since: isoTime(started), expires: isoTime(expires) }
  return { id, account, domain, client, transport, via: relay ?? null, ...times, sent, received, peers }
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
