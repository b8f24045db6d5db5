import type { Later } from './later.ts'
import type { RelayClientParts } from './relay-client/index.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts extends RelayClientParts {
  /** For local paths that somebody wants to whom they do not belong. */
  readonly newcomers: Later<typeof import('./newcomers.ts')>
  /** For sessions that ask for signs of life. */
  readonly keepAlive: Later<typeof import('./keep-alive.ts')>
}
