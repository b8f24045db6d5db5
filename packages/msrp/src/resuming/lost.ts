import type { Session } from '../session/api.ts'
import { MsrpError, type MsrpErrorCode } from '../wire/index.ts'
import { isSessionGone } from '../wire/session-gone.ts'

/** Errors about one message, whatever becomes of the session. */
const OF_A_MESSAGE: ReadonlySet<MsrpErrorCode> = new Set<MsrpErrorCode>([
  'aborted',
  'file-unreadable',
  'invalid-argument',
  'not-understood',
  'report-timeout',
  'storage',
  'too-large',
  'type-not-accepted',
])

/** Whether a message failed because its session ended, so that another session may bring the rest of it. */
export function failedWithSession(error: unknown, session: Session): error is MsrpError {
  if (!(error instanceof MsrpError) || session.state !== 'closed' || OF_A_MESSAGE.has(error.code)) return false
  return error.code !== 'refused' || isSessionGone(error.status)
}

/** Errors that come again however often it is tried: nobody but the user can do something about them. */
const LASTING: ReadonlySet<MsrpErrorCode> = new Set<MsrpErrorCode>([
  'invalid-argument',
  'tls-authority',
  'tls-fingerprint',
  'tls-name',
  'unauthorized',
])

/** Whether another attempt to get a session makes no sense. */
export function isLasting(error: unknown): boolean {
  return error instanceof MsrpError && LASTING.has(error.code)
}
