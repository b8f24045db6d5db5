import * as keepAlive from './keep-alive.ts'
import * as newcomers from './newcomers.ts'
import type { Parts } from './parts.ts'
import * as authDetours from './relay-client/auth-detours.ts'
import * as handshake from './relay-client/handshake.ts'
import * as pathRefresh from './relay-client/path-refresh.ts'

/** All of them, for where it does not matter how much is loaded. */
export const PARTS_AT_HAND: Parts = {
  keepAlive: () => keepAlive,
  newcomers: () => newcomers,
  authDetours: () => authDetours,
  handshake: () => handshake,
  pathRefresh: () => pathRefresh,
}
