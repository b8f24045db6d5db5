import { encodeResponse, encodeWholeRequest, formatByteRange, formatStatus, type RequestHead } from 'msrp/wire'
import type { InboundChunk } from './inbound-chunk.ts'

/** Characters of a comment that are passed on: of a peer's words no more than a line has room for. */
const COMMENT = 200

/** As much of a comment as is passed on. */
export function shortComment(comment: string | undefined): string | undefined {
  return comment?.slice(0, COMMENT)
}

/** A response: for SEND to the previous hop, else all the way back (RFC 4975 §7.2). */
export function encodeAnswer(
  head: RequestHead,
  status: number,
  comment?: string,
  fields?: [name: string, value: string][],
): Uint8Array {
  const { toPath, fromPath } = head.fields
  return encodeResponse({
    transactionId: head.transactionId,
    status,
    comment: shortComment(comment),
    toPath: head.method === 'SEND' ? fromPath.slice(0, 1) : fromPath,
    fromPath: toPath.slice(0, 1),
    fields,
  })
}

/** A REPORT that tells the sender of a chunk what became of it (RFC 4976 §6.4.1). */
export function encodeReport(
  { start, received, total, flow }: InboundChunk,
  messageId: string,
  transactionId: string,
  status: number,
  comment: string | undefined,
): Uint8Array {
  const { toPath, fromPath } = flow.paths
  return encodeWholeRequest({
    transactionId,
    method: 'REPORT',
    toPath: fromPath,
    fromPath: toPath.slice(0, 1),
    fields: [
      ['Message-ID', messageId],
      ['Byte-Range', formatByteRange({ start, end: start + received - 1, total })],
      ['Status', formatStatus(status, shortComment(comment))],
    ],
  })
}

/** Whether a request gets no answer, or none that tells of an error. */
export function isUnanswerable(head: RequestHead): boolean {
  return head.method === 'REPORT' || (head.method === 'SEND' && failureReportOf(head) === 'no')
}

function failureReportOf(head: RequestHead): string {
  return head.fields.get('Failure-Report')?.toLowerCase() ?? 'yes'
}
