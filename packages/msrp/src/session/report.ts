import { encodeEndLine, encodeRequest, formatByteRange, formatStatus, type MsrpUri } from '../wire/index.ts'

/** A REPORT to be written (RFC 4975 §7.1.2). */
export interface ReportParts {
  readonly transactionId: string
  /** From-Path of the request that it is about. */
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  readonly messageId: string
  readonly status: number
  readonly comment?: string | undefined
  /** It is about the first so many bytes. */
  readonly until: number
  readonly total: number | undefined
}

/** A whole REPORT. It says neither Success-Report nor Failure-Report (RFC 4975 §7.1.2). */
export function encodeReport(parts: ReportParts): Uint8Array {
  const { transactionId, toPath, fromPath, messageId, status, comment, until, total } = parts
  const head = encodeRequest({
    transactionId,
    method: 'REPORT',
    toPath,
    fromPath,
    fields: [
      ['Message-ID', messageId],
      ['Byte-Range', formatByteRange({ start: 1, end: until, total })],
      ['Status', formatStatus(status, comment)],
    ],
  })
  return withEndLine(head, transactionId)
}

/** A SEND without body, which binds a connection or keeps it alive (RFC 4975 §5.4, §7.1). */
export function encodeBodiless(parts: {
  transactionId: string
  toPath: readonly MsrpUri[]
  fromPath: readonly MsrpUri[]
  messageId: string
  successReport: boolean
}): Uint8Array {
  const { transactionId, toPath, fromPath, messageId, successReport } = parts
  const head = encodeRequest({
    transactionId,
    method: 'SEND',
    toPath,
    fromPath,
    fields: [
      ['Message-ID', messageId],
      ['Success-Report', successReport ? 'yes' : 'no'],
      ['Failure-Report', 'yes'],
      ['Byte-Range', '1-0/0'],
    ],
  })
  return withEndLine(head, transactionId)
}

function withEndLine(head: Uint8Array, transactionId: string): Uint8Array {
  const endLine = encodeEndLine(transactionId, '$', { afterBody: false })
  const whole = new Uint8Array(head.length + endLine.length)
  whole.set(head)
  whole.set(endLine, head.length)
  return whole
}
