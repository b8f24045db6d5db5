import type { MsrpUri } from '../../wire/index.ts'
import type { DigestSession } from './digest-session.ts'
import type { RelayWays } from './relay-memory.ts'

/** One relay of a chain. */
export interface RelayHop {
  /** As it was configured. */
  readonly relay: MsrpUri
  readonly digest: DigestSession
  /** What is known of it; learns. */
  readonly ways: RelayWays
  /** The lifetime to ask for, in seconds; once it has granted one, the one that it had been asked for. */
  readonly expires: number | undefined
}

/** What one relay of a chain granted. */
export interface GrantedHop extends RelayHop {
  /** The URIs that this relay added to the path of those before it. */
  readonly own: readonly MsrpUri[]
  /** Milliseconds granted. */
  readonly lifetime: number
  /** In the clock's milliseconds. Counted from our request, so rather too early than too late. */
  readonly expiresAt: number
}
