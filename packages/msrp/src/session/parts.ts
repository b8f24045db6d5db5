import { type Later, use } from './later.ts'
import type { EndpointOptions, SessionOptions } from './options.ts'
import type { RelayClientParts } from './relay-client/index.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts extends RelayClientParts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
  /**
   * For sessions that decide on messages, look at what is inside of them, ask for signs of life, or end when they are idle, and
   * for endpoints that show what passes or look for stalled connections.
   */
  readonly options: Later<typeof import('./asked-options.ts')>
  /** For messages that are saved or have file names, or that nobody has time for, one or all of them. */
  readonly calls: Later<typeof import('./asked-calls.ts')>
  /** For local paths that somebody wants to whom they do not belong. */
  readonly newcomers: Later<typeof import('./newcomers.ts')>
}

/**
 * Loads what a session with these options needs from its beginning; undefined when all of it is there.
 * @throws MsrpError `invalid-argument` for options that cannot go together, `internal` when it cannot be loaded
 */
export function loadFor(
  options: SessionOptions & Pick<EndpointOptions, 'stallTimeout' | 'trace'>,
  parts: Parts,
): Promise<void> | void {
  const { onRequest, onNickname, containers, acceptWrappedTypes } = options
  const { idleTimeout, keepAlive, stallTimeout, trace } = options
  const asked = onRequest ?? onNickname ?? containers ?? acceptWrappedTypes
  if ((asked ?? idleTimeout ?? keepAlive ?? stallTimeout ?? trace) === undefined) return undefined
  return use(parts.options, ({ checkWrappedTypes }) => checkWrappedTypes(options))
}
