import { type Clock, maskCredentials, observeText, type Transport, type WireObserver } from '../connection/index.ts'
import { inform } from '../wire/inform.ts'
import type { TraceEvent } from './platform.ts'

/** Shows a connection's requests and responses to a tracer, credentials masked. `number`: which one of its endpoint it is. */
export function traceOf(
  transport: Transport,
  trace: (event: TraceEvent) => void,
  { clock, number }: { clock: Clock; number: number },
): WireObserver {
  const connection = transport.description
  /** Of requests and responses whose end has not passed yet: whose they are. */
  const open: Map<string, string | undefined> = new Map()
  const show = (event: TraceEvent): void => inform(() => trace(event))
  return observeText({
    head: (direction, text) => {
      const [, transactionId = ''] = text.split(' ', 2)
      const session = ownSession(direction, text)
      open.set(direction + transactionId, session)
      const at = clock.now()
      show({
        connection,
        number,
        direction,
        at,
        kind: 'head',
        session,
        transactionId,
        bodyBytes: 0,
        text: maskCredentials(text),
      })
    },
    end: (direction, transactionId, flag, bodyBytes) => {
      const session = open.get(direction + transactionId)
      open.delete(direction + transactionId)
      const body = bodyBytes === 0 ? '' : `(${bodyBytes} bytes of body)\r\n`
      const text = `${body}-------${transactionId}${flag}`
      show({ connection, number, direction, at: clock.now(), kind: 'end', session, transactionId, bodyBytes, text })
    },
  })
}

/** The session-id of our own URI, which is the first in To-Path of what comes and in From-Path of what goes. */
function ownSession(direction: 'in' | 'out', text: string): string | undefined {
  const path = direction === 'in' ? toPath : fromPath
  return path.exec(text)?.[1]
}

const toPath = /^To-Path:[ \t]*msrps?:\/\/[^/\s]+\/([^\s;]+)/im
const fromPath = /^From-Path:[ \t]*msrps?:\/\/[^/\s]+\/([^\s;]+)/im
