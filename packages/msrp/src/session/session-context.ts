import type { MsrpError, MsrpUri } from '../wire/index.ts'
import type { CompletedMessages } from './completed-messages.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { AnyBody } from './incoming-body.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { SessionLimits, SessionOptions } from './options.ts'
import type { Platform } from './platform.ts'
import type { SessionCounts } from './statistics.ts'

/** What the parts of a session have in common. */
export interface SessionContext {
  readonly platform: Platform
  readonly options: SessionOptions
  readonly limits: SessionLimits
  readonly counts: SessionCounts
  /** Of our requests. */
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  /** Messages that have arrived whole, on any session of the conversation. */
  readonly completed: CompletedMessages
  /** Keeps what has arrived of a message whose session broke, for a later session. */
  readonly keep: ((body: AnyBody, first: IncomingRequest) => void) | undefined
  /** What an earlier session brought of the message that a request goes on with. */
  kept(request: IncomingRequest): AnyBody | undefined
  /** The connection at present. */
  connection(): EndpointConnection
  /** The peer is not there, knows nothing of the session, or says that it is bound to another connection. */
  gone(error: MsrpError): void
  /** Stops reading from the connection until `resume` with the same reason. */
  pause(reason: object): void
  resume(reason: object): void
  /** Sends a REPORT about the first `until` bytes of a message to where `request` came from. */
  report(
    request: IncomingRequest,
    report: { status: number; until: number; total?: number | undefined; comment?: string | undefined },
  ): void
}
