import * as calls from './asked-calls.ts'
import * as options from './asked-options.ts'
import * as longMessages from './body-cursor.ts'
import type { Parts } from './parts.ts'

/** All parts, where nothing has to be loaded. */
export const PARTS_AT_HAND: Parts = {
  longMessages: () => longMessages,
  options: () => options,
  calls: () => calls,
}
