import type { MsrpConnection } from '../connection/index.ts'
import { encodeWholeRequest, type Field, MsrpError, type MsrpUri } from '../wire/index.ts'
import type { PendingRequest } from './pending-request.ts'
import { refusal } from './refusal.ts'

/** Methods that the library sends by itself, or that only relays take. */
const OWN: ReadonlySet<string> = new Set(['SEND', 'REPORT', 'AUTH'])

/** A request without body of a method that RFC 4975 does not have. */
export interface ExtensionRequest {
  readonly method: string
  readonly fields: readonly Field[]
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
}

/**
 * Sends such a request; resolves when it is answered with 200 or another status below 300.
 * @throws MsrpError `invalid-argument`; rejects as `Session.sendRequest` says
 */
export async function sendExtensionRequest(
  connection: MsrpConnection<PendingRequest>,
  { method, fields, toPath, fromPath }: ExtensionRequest,
): Promise<void> {
  if (OWN.has(method)) throw new MsrpError('invalid-argument', `${method} is no extension`)
  const transactionId = connection.newTransactionId()
  const bytes = encodeWholeRequest({ transactionId, method, toPath, fromPath, fields })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  connection.sendRequest(transactionId, bytes, {
    answered: ({ status, comment }) => (status < 300 ? resolve() : reject(refusal(status, comment, method))),
    timedOut: () => reject(new MsrpError('timeout', `${method} was not answered within 30 s`)),
    lost: (error) => reject(error ?? new MsrpError('connection-lost', 'The peer closed the connection')),
  })
  await promise
}
