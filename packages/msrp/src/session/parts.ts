import { type Later, use } from './later.ts'
import type { EndpointOptions, SessionOptions } from './options.ts'
import type { RelayClientParts } from './relay-client/index.ts'

/** What few sessions need of this library: see `Later`. */
export interface Parts extends RelayClientParts {
  /** For messages that do not go out as one chunk. */
  readonly longMessages: Later<typeof import('./body-cursor.ts')>
  /** For sessions that decide on what comes in: by `onRequest`, `containers` and `onNickname`. */
  readonly decisions: Later<typeof import('./decisions.ts')>
  /** For sessions that look at what is inside of what they send, or wrap it: by `containers` and `envelope`. */
  readonly wrapping: Later<typeof import('./envelope.ts')>
  /** For messages that are files: their names. */
  readonly dispositions: Later<typeof import('../wire/content-disposition.ts')>
  /** For complete messages that the application has no time for. */
  readonly waitingMessages: Later<typeof import('./waiting-messages.ts')>
  /** For messages that are saved, or read as a Blob. */
  readonly saving: Later<typeof import('./saving.ts')>
  /** For requests of other methods. */
  readonly requests: Later<typeof import('./extension-request.ts')>
  /** For sessions that end once all is done. */
  readonly finishing: Later<typeof import('./finish.ts')>
  /** For sessions that end when they are idle. */
  readonly idle: Later<typeof import('./idle-watch.ts')>
  /** For sessions that ask for signs of life. */
  readonly keepAlive: Later<typeof import('./keep-alive.ts')>
  /** For local paths that somebody wants to whom they do not belong. */
  readonly newcomers: Later<typeof import('./newcomers.ts')>
  /** For endpoints that show what passes. */
  readonly tracing: Later<typeof import('./wire-trace.ts')>
  /** For endpoints that look for dead connections. */
  readonly stall: Later<typeof import('./stall-watch.ts')>
}

/**
 * Loads what a session with these options needs from its beginning; undefined when all of it is there.
 * @throws MsrpError `invalid-argument` for options that cannot go together, `internal` when it cannot be loaded
 */
export function loadFor(
  options: SessionOptions & Pick<EndpointOptions, 'stallTimeout' | 'trace'>,
  parts: Parts,
): Promise<unknown> | undefined {
  const { onRequest, onNickname, containers, acceptWrappedTypes, envelope } = options
  const decides = onRequest ?? onNickname ?? containers ?? acceptWrappedTypes
  const wraps = containers ?? envelope
  const loading = [
    decides && use(parts.decisions, ({ checkWrappedTypes }) => checkWrappedTypes(options)),
    wraps && parts.wrapping(),
    options.idleTimeout !== undefined && parts.idle(),
    options.keepAlive !== undefined && parts.keepAlive(),
    options.stallTimeout !== undefined && parts.stall(),
    options.trace && parts.tracing(),
  ]
  return loading.some((part) => part instanceof Promise) ? Promise.all(loading) : undefined
}
