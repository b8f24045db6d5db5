import type { Later } from '../session/later.ts'
import type { Parts } from '../session/parts.ts'
import { notLoaded } from '../wire/not-loaded.ts'

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

/** Loads something when it is asked for first. Rejects with `internal` when it cannot be loaded; the next time it is tried again. */
export function loaded<T>(load: () => Promise<T>): Later<T> {
  let part: T | Promise<T> | undefined
  const loading = async (): Promise<T> => {
    try {
      part = await load()
      return part
    } catch (cause) {
      part = undefined
      throw notLoaded(cause)
    }
  }
  return () => {
    part ??= loading()
    return part
  }
}
