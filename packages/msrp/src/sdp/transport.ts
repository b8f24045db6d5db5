import type { MediaWishes } from './api.ts'
import { offeredSetup, type Reach } from './setup.ts'

/** How a medium can be reached over TCP/TLS/MSRP, or over TCP/MSRP. */
export function reachOver(secure: boolean, { listen, relay, setup }: MediaWishes): Reach {
  // Through a relay no NAT is in the way (RFC 6135 §4.2.2).
  if (relay !== undefined) return { reachable: true, wants: undefined }
  return { reachable: listen !== undefined && (!secure || listen.tls !== undefined), wants: setup }
}

/** Whether a path on which we only connect begins with `msrps` in an offer. */
export function connectsOverTls({ secure, listen, tls }: MediaWishes): boolean {
  return secure === true || (tls ?? listen?.tls) !== undefined
}

/** Whether an offer without TLS is refused: where our own offer would have it, unless told otherwise. */
export function insistsOnTls(wishes: MediaWishes): boolean {
  if (wishes.secure !== undefined) return wishes.secure
  return offeredSetup(reachOver(false, wishes)) === 'active'
    ? connectsOverTls(wishes)
    : wishes.listen?.tls !== undefined
}
