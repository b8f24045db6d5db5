import { type Later, use } from './later.ts'
import type { EndpointOptions, SessionOptions } from './options.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
  /** For sessions that decide on messages, look at what is inside of them or wrap them, and that end when they are idle or stall. */
  readonly options: Later<typeof import('./asked-options.ts')>
  /** For messages that are saved or have file names, or that nobody has time for, and for an end in order. */
  readonly calls: Later<typeof import('./asked-calls.ts')>
}

/**
 * Loads what a session with these options needs from its beginning; undefined when all of it is there.
 * @throws MsrpError `invalid-argument` for options that cannot go together, `internal` when it cannot be loaded
 */
export function loadFor(
  options: SessionOptions & Pick<EndpointOptions, 'stallTimeout'>,
  parts: Parts,
): Promise<void> | void {
  const { onRequest, onNickname, containers, acceptWrappedTypes, envelope, idleTimeout, stallTimeout } = options
  const asked = onRequest ?? onNickname ?? containers ?? acceptWrappedTypes ?? envelope ?? idleTimeout ?? stallTimeout
  return asked === undefined ? undefined : use(parts.options, ({ checkWrappedTypes }) => checkWrappedTypes(options))
}
