import { encodeWholeRequest, formatByteRange, formatStatus, type MsrpUri } from '../wire/index.ts'

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
  return encodeWholeRequest({
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
}
