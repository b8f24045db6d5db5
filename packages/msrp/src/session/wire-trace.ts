import { maskCredentials, type Transport, type WireObserver } from '../connection/index.ts'
import type { TraceEvent } from './platform.ts'

/** Shows a connection's requests and responses to a tracer, credentials masked. */
export function traceOf(transport: Transport, trace: (event: TraceEvent) => void): WireObserver {
  const connection = transport.description
  return {
    head: (direction, text) => trace({ connection, direction, text: maskCredentials(text) }),
    end: (direction, transactionId, flag, bodyBytes) => {
      const body = bodyBytes === 0 ? '' : `(${bodyBytes} bytes of body)\r\n`
      trace({ connection, direction, text: `${body}-------${transactionId}${flag}` })
    },
  }
}
