import type { Platform } from '../session/platform.ts'
import { loadBodies, openSmallBody } from '../session/small-body.ts'
import { MessageReader } from '../wire/index.ts'
import { systemRandom } from '../wire/system-random.ts'
import { browserClock } from './browser-clock.ts'
import { browserHash } from './browser-crypto.ts'
import { dialBrowser } from './dial-browser.ts'
import { loaded, loadedParts } from './loaded-parts.ts'

const bodies = /* @__PURE__ */ loaded(loadBodies)

/**
 * What an endpoint needs, from a browser. There is neither a spool, so that a message which nobody reads for 2 s is refused
 * with 413 when its window is full, or unread messages hold all that they may, nor are there files: `saveTo` takes a sink.
 */
export const browserPlatform: Platform = {
  clock: browserClock,
  random: systemRandom,
  hash: browserHash,
  reader: MessageReader,
  parts: loadedParts,
  openBody: (room) => openSmallBody(room, bodies),
  loadBodies: bodies,
  dial: dialBrowser,
  // A URL names host and port; what does not is refused when it is dialled.
  connectToRelay: ({ host, port = 443 }, attempt) => attempt({ host, port, serverName: host }),
}
