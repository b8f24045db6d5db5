import type { Later } from './later.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
}
