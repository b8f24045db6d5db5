import { MsrpError } from '../wire/index.ts'
import { type AskedConnection, ask, type WholeRequest } from './ask.ts'
import { refusal } from './refusal.ts'

/** Methods that the library sends by itself, or that only relays take. */
const OWN: ReadonlySet<string> = new Set(['SEND', 'REPORT', 'AUTH'])

/**
 * Sends a request without body of a method that RFC 4975 does not have; resolves when it is answered with 200 or another status below 300.
 * @throws MsrpError `invalid-argument`; rejects as `Session.sendRequest` says
 */
export async function sendExtensionRequest(connection: AskedConnection, request: WholeRequest): Promise<void> {
  const { method } = request
  if (OWN.has(method)) throw new MsrpError('invalid-argument', `${method} is no extension`)
  const { status, comment } = await ask(connection, 'The far side', method, request).response
  if (status >= 300) throw refusal(status, comment, method)
}
