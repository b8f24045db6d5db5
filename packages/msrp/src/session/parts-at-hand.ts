import * as longMessages from './body-cursor.ts'
import type { Parts } from './parts.ts'

/** All of them, for where it does not matter how much is loaded. */
export const PARTS_AT_HAND: Parts = {
  longMessages: () => longMessages,
}
