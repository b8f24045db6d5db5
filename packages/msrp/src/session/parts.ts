import type { Later } from './later.ts'
import type { SessionOptions } from './options.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
  /** For sessions that decide on what comes in: by `onRequest`, `containers` and `onNickname`. */
  readonly decisions: Later<typeof import('./decisions.ts')>
  /** For sessions that look at what is inside of what they send, or wrap it: by `containers` and `envelope`. */
  readonly wrapping: Later<typeof import('./envelope.ts')>
}

/**
 * Loads what a session with these options needs from its beginning; undefined when that is nothing.
 * @throws MsrpError `invalid-argument` for options that cannot go together, `internal` when it cannot be loaded
 */
export function loadFor(options: SessionOptions, parts: Parts): Promise<unknown> | undefined {
  const { onRequest, onNickname, containers, acceptWrappedTypes, envelope } = options
  const decides = onRequest ?? onNickname ?? containers ?? acceptWrappedTypes
  const wraps = containers ?? envelope
  if (decides === undefined && wraps === undefined) return undefined
  const check = async (): Promise<void> => (await parts.decisions()).checkWrappedTypes(options)
  return Promise.all([decides && check(), wraps && parts.wrapping()])
}
