import type { MsrpUri } from '../../wire/index.ts'
import type { DigestSession } from './digest-session.ts'
import type { RelayWays } from './relay-memory.ts'

/** What one relay of a chain granted. */
export interface RelayHop {
  /** The relay as it was configured. */
  readonly relay: MsrpUri
  readonly digest: DigestSession
  readonly ways: RelayWays
  /** The URIs that this relay added to the path of those before it. */
  readonly own: readonly MsrpUri[]
  /** The lifetime that was asked for, within the relay's bounds; seconds. */
  readonly askedExpires: number | undefined
  /** Milliseconds granted. */
  readonly lifetime: number
  /** In the clock's milliseconds. Counted from our request, so rather too early than too late. */
  readonly expiresAt: number
}
