import type { Later } from '../session/later.ts'
import type { Parts } from '../session/parts.ts'
import { loadingEnds, notLoaded } from '../wire/not-loaded.ts'
import { browserClock } from './browser-clock.ts'

/** The parts that few sessions need, each in a file of its own if the bundler likes to. */
export const loadedParts: Parts = {
  longMessages: loaded(() => import('../session/body-cursor.ts')),
  options: loaded(() => import('../session/asked-options.ts')),
  calls: loaded(() => import('../session/asked-calls.ts')),
  newcomers: loaded(() => import('../session/newcomers.ts')),
  authDetours: loaded(() => import('../session/relay-client/auth-detours.ts')),
  handshake: loaded(() => import('../session/relay-client/handshake.ts')),
  pathRefresh: loaded(() => import('../session/relay-client/path-refresh.ts')),
}

/**
 * Loads something when it is asked for first. Rejects with `internal` when it cannot be loaded, or not within 20 s; the next
 * time it is tried again.
 */
export function loaded<T>(load: () => Promise<T>): Later<T> {
  let part: T | Promise<T> | undefined
  return () => {
    part ??= new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        part = undefined
        reject(notLoaded(cause))
      }
      const arrived = (it: T): void => {
        part = it
        resolve(it)
      }
      const cancel = loadingEnds(browserClock, fail)
      void load().then(arrived, fail).finally(cancel)
    })
    return part
  }
}
