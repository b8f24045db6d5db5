import { ownText } from './own-text.ts'
import type { SessionPeer, SessionTraffic } from './session-facts.ts'

/** Peers that are remembered of a session. */
const PEERS = 16

/** Characters of a host that are remembered; names in DNS are shorter (RFC 1035 §2.3.4). */
const HOST_CHARACTERS = 255

/** What a session's flows have carried, and between whom, once they are gone. Most tokens never need one. */
export class SessionUsage {
  readonly sent: SessionTraffic = { messages: 0, chunks: 0, bytes: 0 }
  readonly received: SessionTraffic = { messages: 0, chunks: 0, bytes: 0 }
  readonly #peers: SessionPeer[] = []

  get peers(): readonly SessionPeer[] {
    return this.#peers
  }

  /** Messages go to somebody, or come from there. */
  met(host: string, address: string): void {
    const shortened = host.slice(0, HOST_CHARACTERS)
    if (this.#peers.length >= PEERS) return
    if (this.#peers.some((peer) => peer.host === shortened && peer.address === address)) return
    this.#peers.push({ host: ownText(shortened), address })
  }
}

/** Adds what one flow has carried. */
export function addTraffic(to: SessionTraffic, { messages, chunks, bytes }: Readonly<SessionTraffic>): void {
  to.messages += messages
  to.chunks += chunks
  to.bytes += bytes
}
