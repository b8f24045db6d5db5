import { MsrpError } from '../wire/index.ts'

/**
 * A peer that does not know the session any more, or has it on another connection (RFC 4975 §10.6, §10.12), has lost it as if
 * the connection had broken: the rest can go over another one. Any other error stays as it is.
 */
export function lostIfGone(error: unknown): unknown {
  if (!(error instanceof MsrpError) || error.code !== 'refused') return error
  const { status, message } = error
  if (status !== 481 && status !== 506) return error
  return new MsrpError('connection-lost', `The session is lost: ${message}`, { status, cause: error })
}
