import type { EndpointLimits, SessionLimits } from './options.ts'

/** The limits of a session, unless others are given. */
export const SESSION_LIMITS: SessionLimits = {
  window: 1024 * 1024,
  spoolAfter: 2_000,
  memory: 4 * 1024 * 1024,
  spool: 1024 * 1024 * 1024,
  unfinishedMessages: 64,
  unreadMessages: 1024,
  undecidedChunks: 256,
  gaps: 1024,
  unansweredChunks: 64,
  unansweredBytes: 4 * 1024 * 1024,
}

/** The limits of an endpoint, unless others are given. */
export const ENDPOINT_LIMITS: EndpointLimits = {
  unboundConnections: 256,
  unboundTimeout: 30_000,
  rememberedMessages: 1000,
  rememberedInAll: 20_000,
  interruptedMessages: 64,
  parser: {},
}
