import { MsrpError, type MsrpErrorCode } from './msrp-error.ts'

/** An error of this library as it is, and anything else that was thrown as one: `what` failed, for that reason. */
export function asMsrpError(cause: unknown, code: MsrpErrorCode, what: string): MsrpError {
  if (cause instanceof MsrpError) return cause
  return new MsrpError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
