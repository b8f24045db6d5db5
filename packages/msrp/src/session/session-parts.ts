import type { Later } from './later.ts'

/** What few sessions need of the library. */
export interface SessionParts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
}
