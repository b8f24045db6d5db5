import type { MessageDescription } from './api.ts'

/** What decides between c- and m-line and the path (RFC 6714 §4). */
export interface CemaCase {
  /** Whether our path leads through a relay. */
  readonly relayed: boolean
  /** Whether we are to connect. */
  readonly active: boolean
  /** What the peer has written, */
  readonly remote: MessageDescription
  /** and whether its c- and m-line fit its path. */
  readonly fits: boolean
}

/** Where to connect: `path` is RFC 4975, `c-line` is what a middlebox may have put there, `new offer` is the way back to the former. */
export type CemaWay = 'path' | 'c-line' | 'new offer'

/** What an offerer that has written `msrp-cema` does after an answer (RFC 6714 §4.2). */
export function wayOfOfferer({ relayed, active, remote, fits }: CemaCase): CemaWay {
  if (remote.cema) return active && !relayed ? 'c-line' : 'path'
  const peerRelayed = remote.path.length > 1
  if (!fits && (!active || relayed || peerRelayed)) return 'new offer'
  return active && !relayed && !peerRelayed ? 'c-line' : 'path'
}

/**
 * Whether an answerer takes `msrp-cema` up (RFC 6714 §4.3). Behind relays on both sides, or with a relay on the side that
 * connects, the middlebox's address would have to be in To-Path, where it fits no session.
 */
function takesCema({ relayed, active, remote }: Omit<CemaCase, 'fits'>): boolean {
  const peerRelayed = remote.path.length > 1
  return remote.cema && !(relayed && peerRelayed) && !(peerRelayed && !active) && !(relayed && active)
}

/**
 * Who connects, and whether `msrp-cema` is taken up (RFC 6714 §4.3): towards a peer behind a relay only if we connect, which
 * we may choose if it left that to us.
 */
export function cemaRole(
  setup: 'active' | 'passive',
  wanted: boolean,
  { relayed, remote, free }: { relayed: boolean; remote: MessageDescription; free: boolean },
): ['active' | 'passive', boolean] {
  if (!wanted || !remote.cema) return [setup, false]
  if (free && remote.setup === 'actpass') {
    const other = setup === 'active' ? 'passive' : 'active'
    const reachable = other === 'active' || relayed
    if (!takesCema({ relayed, active: setup === 'active', remote }) && reachable) {
      if (takesCema({ relayed, active: other === 'active', remote })) return [other, true]
    }
  }
  return [setup, takesCema({ relayed, active: setup === 'active', remote })]
}
