import type { Later } from '../session/later.ts'
import type { Parts } from '../session/parts.ts'
import { MsrpError } from '../wire/index.ts'

/** Each in a file of its own, if the bundler likes to. */
export const loadedParts: Parts = {
  longMessages: loaded(() => import('../session/body-cursor.ts')),
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
      throw new MsrpError('internal', `A part of the library could not be loaded: ${cause}`, { cause })
    }
  }
  return () => {
    part ??= loading()
    return part
  }
}
