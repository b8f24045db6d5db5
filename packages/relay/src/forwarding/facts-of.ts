import type { SessionFacts, SessionTraffic } from './session-facts.ts'
import { addTraffic } from './session-usage.ts'
import type { Token } from './token.ts'

/**
 * What can be told of a token at this moment.
 * @param now seconds since 1970, and the clock's milliseconds at the same time
 */
export function factsOf(token: Token, now: { time: number; clock: number }): SessionFacts {
  const sent: SessionTraffic = { ...token.usage.sent }
  const received: SessionTraffic = { ...token.usage.received }
  for (const flow of token.flows) addTraffic(flow.sentBy(token) ? sent : received, flow.traffic)
  const { id, account, client, started, end } = token
  return {
    id,
    account,
    domain: account.slice(account.lastIndexOf('@') + 1),
    client,
    relay: token.relayName,
    started,
    expires: now.time + (token.expiresAt - now.clock) / 1000,
    ended: end?.at,
    reason: end?.reason,
    sent,
    received,
    peers: [...token.usage.peers],
  }
}
