import type { RelayConnection } from './relay-connection.ts'
import { LEAST_BUFFER, LEAST_PER_CONNECTION, REQUEST_OVERHEAD } from './total-buffer.ts'

/**
 * Bytes that are read ahead of a next hop that takes no more, where the source can be held up. What is read when there is
 * room goes straight through; what is kept is copied, and searched, once more.
 */
export const AHEAD: number = 32 * 1024

/** A flow whose source carries others as well may keep this many times the buffer before its message is refused, */
const SHARED_FACTOR = 4

/** and all flows of that source together this many times: then those that keep more than a little are refused. */
const ALL_FLOWS_FACTOR = 64

/** What comes of a flow's keeping more, or less: its source is read or not, or the message that arrives does not fit. */
export type RoomVerdict = 'read' | 'pause' | 'overflow' | undefined

/**
 * Whether a flow has room that keeps `bytes` of so many messages (`passages`), by a buffer of `mostBytes`. `more`: the latest
 * change added to them. `moves`: something of it can go out.
 */
export function roomFor(
  source: RelayConnection,
  bytes: number,
  passages: number,
  mostBytes: number,
  more: boolean,
  moves: boolean,
): RoomVerdict {
  const { full } = source.total
  const least = Math.min(mostBytes, LEAST_BUFFER)
  const ahead = source.shared ? mostBytes : Math.min(mostBytes, AHEAD)
  const buffer = full ? least : ahead
  // Many short messages may wait as long as there is memory: who sends them at once means no harm.
  const kept = bytes - (full ? 0 : passages * REQUEST_OVERHEAD)
  if (!more) return kept <= buffer / 2 || !moves ? 'read' : undefined
  // What waits for more of itself to arrive must not keep it from arriving.
  if (!source.shared) return kept > buffer && moves ? 'pause' : undefined
  if (kept > buffer * SHARED_FACTOR) return 'overflow'
  const keptOfAll = source.kept - (full ? 0 : source.passages * REQUEST_OVERHEAD)
  // Who has but a little here is not the one that is slow.
  const isMuch = keptOfAll > (full ? LEAST_PER_CONNECTION : mostBytes * ALL_FLOWS_FACTOR)
  return isMuch && (full || kept > least) ? 'overflow' : undefined
}
