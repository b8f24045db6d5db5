import type { MsrpConnection } from '../connection/index.ts'
import { encodeWholeRequest, MsrpError, type RequestParts, type ResponseHead } from '../wire/index.ts'
import type { PendingRequest } from './pending-request.ts'

/** A request without body that is to be answered. */
export type WholeRequest = Omit<RequestParts, 'transactionId' | 'contentType'>

/** What of a connection it takes to ask for something and to wait for the answer. */
export type AskedConnection = Pick<MsrpConnection<PendingRequest>, 'newTransactionId' | 'sendRequest'>

/** A request that is out. */
export interface AskedRequest {
  readonly transactionId: string
  /** The answer, whatever its status. Rejects with `timeout`, or with what ended the connection. */
  readonly response: Promise<ResponseHead>
}

/** Sends a request without body. `who` is asked for `what`, as errors say it. */
export function ask(connection: AskedConnection, who: string, what: string, request: WholeRequest): AskedRequest {
  const transactionId = connection.newTransactionId()
  const { promise: response, resolve, reject } = Promise.withResolvers<ResponseHead>()
  connection.sendRequest(transactionId, encodeWholeRequest({ ...request, transactionId }), {
    answered: resolve,
    timedOut: () => reject(new MsrpError('timeout', `${who} did not answer ${what} within 30 s`)),
    lost: (error) =>
      reject(error ?? new MsrpError('connection-lost', `${who} closed the connection before it answered ${what}`)),
  })
  return { transactionId, response }
}
