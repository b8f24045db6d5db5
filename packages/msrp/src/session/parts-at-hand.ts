import * as calls from './asked-calls.ts'
import * as options from './asked-options.ts'
import * as longMessages from './body-cursor.ts'
import * as newcomers from './newcomers.ts'
import type { Parts } from './parts.ts'
import * as authDetours from './relay-client/auth-detours.ts'
import * as handshake from './relay-client/handshake.ts'
import * as pathRefresh from './relay-client/path-refresh.ts'

/** All of them, where nothing has to be loaded. */
export const PARTS_AT_HAND: Parts = {
  longMessages: () => longMessages,
  options: () => options,
  calls: () => calls,
  newcomers: () => newcomers,
  authDetours: () => authDetours,
  handshake: () => handshake,
  pathRefresh: () => pathRefresh,
}
