import type { MsrpError } from 'msrp/wire'

/** What a sender is told, as status and comment, when its next hop cannot be reached. */
export function failureOf(error: MsrpError): { status: number; comment: string } {
  if (error.code === 'refused')
    return { status: error.status ?? 403, comment: 'the relay does not connect to that address' }
  if (error.code === 'timeout') return { status: 408, comment: 'the next hop does not answer' }
  return { status: 481, comment: 'the next hop cannot be reached' }
}
