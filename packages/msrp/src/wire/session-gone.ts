/**
 * Whether a status says that the far side knows no such session, or has it on another connection (RFC 4975 §10.8, §10.10): for
 * who is answered so the session is lost.
 */
export function isSessionGone(status: number | undefined): boolean {
  return status === 481 || status === 506
}
