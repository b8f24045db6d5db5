import * as dispositions from '../wire/content-disposition.ts'
import * as longMessages from './body-cursor.ts'
import * as decisions from './decisions.ts'
import * as wrapping from './envelope.ts'
import * as requests from './extension-request.ts'
import * as finishing from './finish.ts'
import * as idle from './idle-watch.ts'
import * as keepAlive from './keep-alive.ts'
import * as newcomers from './newcomers.ts'
import type { Parts } from './parts.ts'
import * as authDetours from './relay-client/auth-detours.ts'
import * as handshake from './relay-client/handshake.ts'
import * as pathRefresh from './relay-client/path-refresh.ts'
import * as saving from './saving.ts'
import * as stall from './stall-watch.ts'
import * as waitingMessages from './waiting-messages.ts'
import * as tracing from './wire-trace.ts'

/** All of them, where nothing has to be loaded. */
export const PARTS_AT_HAND: Parts = {
  longMessages: () => longMessages,
  decisions: () => decisions,
  wrapping: () => wrapping,
  dispositions: () => dispositions,
  waitingMessages: () => waitingMessages,
  saving: () => saving,
  requests: () => requests,
  finishing: () => finishing,
  idle: () => idle,
  stall: () => stall,
  keepAlive: () => keepAlive,
  newcomers: () => newcomers,
  authDetours: () => authDetours,
  handshake: () => handshake,
  pathRefresh: () => pathRefresh,
  tracing: () => tracing,
}
