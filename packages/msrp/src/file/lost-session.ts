import { MsrpError } from '../wire/index.ts'
import { isSessionGone } from '../wire/session-gone.ts'

/**
 * A peer that does not know the session any more, or has it on another connection (RFC 4975 §10.8, §10.10), has lost it as if
 * the connection had broken: the rest can go over another one. Any other error stays as it is.
 */
export function lostIfGone(error: unknown): unknown {
  if (!(error instanceof MsrpError) || error.code !== 'refused') return error
  const { status, message } = error
  if (!isSessionGone(status)) return error
  return new MsrpError('connection-lost', `The session is lost: ${message}`, { status, cause: error })
}
