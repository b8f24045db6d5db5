import * as longMessages from './body-cursor.ts'
import * as decisions from './decisions.ts'
import * as wrapping from './envelope.ts'
import type { Parts } from './parts.ts'

/** All parts, where nothing has to be loaded. */
export const PARTS_AT_HAND: Parts = {
  longMessages: () => longMessages,
  decisions: () => decisions,
  wrapping: () => wrapping,
}
