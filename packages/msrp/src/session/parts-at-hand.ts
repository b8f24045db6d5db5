import * as longMessages from './body-cursor.ts'
import type { SessionParts } from './session-parts.ts'

/** All of them, for where it does not matter how much is loaded. */
export const partsAtHand: SessionParts = {
  longMessages: () => longMessages,
}
