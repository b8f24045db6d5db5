import * as dispositions from '../wire/content-disposition.ts'
import * as longMessages from './body-cursor.ts'
import * as decisions from './decisions.ts'
import * as wrapping from './envelope.ts'
import * as requests from './extension-request.ts'
import * as finishing from './finish.ts'
import * as idle from './idle-watch.ts'
import type { Parts } from './parts.ts'
import * as saving from './saving.ts'
import * as stall from './stall-watch.ts'
import * as waitingMessages from './waiting-messages.ts'

/** All parts, where nothing has to be loaded. */
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
}
