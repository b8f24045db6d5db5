import type { SessionFacts, SessionTraffic } from './session-facts.ts'
import { addTraffic } from './session-usage.ts'
import type { Token } from './token.ts'

const NOTHING: SessionTraffic = { messages: 0, chunks: 0, bytes: 0 }

/**
 * What can be told of a token at this moment.
 * @param now seconds since 1970, and the clock's milliseconds at the same time
 */
export function factsOf(token: Token, now: { time: number; clock: number }): SessionFacts {
  // An idle session costs no more for having been looked at.
  const { sent: sentBefore = NOTHING, received: receivedBefore = NOTHING, peers = [] } = token.usage ?? {}
  const sent: SessionTraffic = { ...sentBefore }
  const received: SessionTraffic = { ...receivedBefore }
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
    peers: [...peers],
  }
}
