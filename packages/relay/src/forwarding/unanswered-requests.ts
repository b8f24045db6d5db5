import type { ForwardedRequest } from './forwarded-request.ts'
import type { Token } from './token.ts'

/** Requests other than SEND, and bytes of them, that may wait for the responses of one connection. */
const MOST = { count: 1024, bytes: 2 * 1024 * 1024 }

/** The same where AUTH is among them: whoever logs in to the next relay need not wait for those who are in. */
const MOST_WITH_AUTH = { count: 1152, bytes: 2.25 * 1024 * 1024 }

/**
 * The requests other than SEND that one connection has not answered yet. It may be shared by all who go to the same relay,
 * and most of them wait for somebody behind it: when there is no more room, the session that has most there makes room for
 * one that has less, so that nobody's unanswered requests stop those of others.
 */
export class UnansweredRequests {
  /** In the order they came, by the token of who sent them; with their bytes. */
  #shares: Map<Token | undefined, { bytes: number; requests: Set<ForwardedRequest> }> | undefined
  #count = 0
  #bytes = 0

  /** Takes a request in; false when there is no room for it. */
  take(request: ForwardedRequest): boolean {
    this.#shares ??= new Map()
    const most = request.method === 'AUTH' ? MOST_WITH_AUTH : MOST
    while (this.#count >= most.count || this.#bytes + request.size > most.bytes) {
      const oldest = this.#oldestOfMost((this.#shares.get(request.tokens[0])?.bytes ?? 0) + request.size)
      if (oldest === undefined) return false
      oldest.giveUp()
    }
    const share = this.#shares.get(request.tokens[0]) ?? { bytes: 0, requests: new Set() }
    this.#shares.set(request.tokens[0], share)
    share.requests.add(request)
    share.bytes += request.size
    this.#bytes += request.size
    this.#count++
    return true
  }

  /** A request does not wait any more. */
  release(request: ForwardedRequest): void {
    const share = this.#shares?.get(request.tokens[0])
    if (!share?.requests.delete(request)) return
    share.bytes -= request.size
    this.#bytes -= request.size
    this.#count--
    if (share.requests.size === 0) this.#shares?.delete(request.tokens[0])
  }

  /** The oldest request of the session that has most, if that is more than so many bytes. */
  #oldestOfMost(bytes: number): ForwardedRequest | undefined {
    let most: { bytes: number; requests: Set<ForwardedRequest> } | undefined
    for (const share of this.#shares?.values() ?? []) if (share.bytes > (most?.bytes ?? bytes)) most = share
    return most?.requests.values().next().value
  }
}
