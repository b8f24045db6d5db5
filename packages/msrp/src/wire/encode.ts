import { ByteWriter } from './byte-writer.ts'
import { isMimeField } from './field-names.ts'
import { type Field, formatFields } from './field-order.ts'
import type { ContinuationFlag } from './head.ts'
import { isIdent } from './ident.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import { shown } from './shown.ts'
import { reasonPhrase } from './status.ts'
import { formatPath } from './uri-path.ts'
import { encodeText } from './utf8.ts'

/** A request to be written. */
export interface RequestParts {
  readonly transactionId: string
  readonly method: string
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  /** Other fields; they are brought into the RFC's case and order. */
  readonly fields?: readonly Field[]
  /** Given when a body follows, even an empty one; becomes the last field. */
  readonly contentType?: string
}

/** A response to be written. */
export interface ResponseParts {
  readonly transactionId: string
  readonly status: number
  /** The usual words unless given. */
  readonly comment?: string
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  readonly fields?: readonly Field[]
}

/**
 * The head of a request: with a content type up to and including the blank line, else up to the last field. The body, if
 * any, and `encodeEndLine` complete it.
 * @throws MsrpError `invalid-argument` for parts that cannot be written, and for MIME fields without a content type
 *   (RFC 4975 §7.1).
 */
export function encodeRequest(parts: RequestParts): Uint8Array {
  return encodeText(formatRequest(parts))
}

/** A whole request without a body: its head and end-line. @throws MsrpError `invalid-argument`, as `encodeRequest` */
export function encodeWholeRequest(parts: Omit<RequestParts, 'contentType'>): Uint8Array {
  return encodeText(`${formatRequest(parts)}-------${parts.transactionId}$\r\n`)
}

/** The head of a request, as `encodeRequest` has it. */
export function formatRequest(parts: RequestParts): string {
  const { transactionId, method, toPath, fromPath, fields = [], contentType } = parts
  if (!/^[A-Z]+$/.test(method))
    throw new MsrpError('invalid-argument', `${shown(method)} is no method, which is capital letters`)
  const mime = fields.find(([name]) => isMimeField(name))
  if (contentType === undefined && mime !== undefined) {
    throw new MsrpError('invalid-argument', `${mime[0]} needs a body, which begins with contentType (RFC 4975 §7.1)`)
  }
  const all: readonly Field[] = contentType === undefined ? fields : [...fields, ['Content-Type', contentType]]
  const blank = contentType === undefined ? '' : '\r\n'
  return `MSRP ${ident(transactionId)} ${method}\r\n${formatPaths(toPath, fromPath)}${formatFields(all)}${blank}`
}

/**
 * A whole response with its end-line.
 * @throws MsrpError `invalid-argument` for parts that cannot be written.
 */
export function encodeResponse(parts: ResponseParts): Uint8Array {
  const { transactionId, status, comment = reasonPhrase(status), toPath, fromPath, fields = [] } = parts
  const startLine = formatResponseLine(transactionId, status, comment)
  return encodeText(`${startLine}${formatPaths(toPath, fromPath)}${formatFields(fields)}-------${transactionId}$\r\n`)
}

const endLines = new ByteWriter(64)

/**
 * The end of a request. After a body, also an empty one, the CRLF before the end-line is part of it (RFC 4975 §7.1). Lent:
 * valid until the next call.
 * @throws MsrpError `invalid-argument` for a transaction id that is none.
 */
export function encodeEndLine(
  transactionId: string,
  flag: ContinuationFlag,
  { afterBody }: { readonly afterBody: boolean },
): Uint8Array {
  ident(transactionId)
  endLines.text(afterBody ? '\r\n-------' : '-------')
  endLines.text(transactionId)
  endLines.text(flag)
  endLines.text('\r\n')
  return endLines.take()
}

const responses = new ByteWriter(1024)

/**
 * A whole response without fields but its paths, which `encodePaths` made; with the usual words unless others are given.
 * Lent: valid until the next call.
 * @throws MsrpError `invalid-argument` for parts that cannot be written.
 */
export function encodeShortResponse(
  transactionId: string,
  status: number,
  paths: Uint8Array,
  comment?: string,
): Uint8Array {
  if (status === 200 && comment === undefined) {
    ident(transactionId)
    responses.text('MSRP ')
    responses.text(transactionId)
    responses.text(' 200 OK\r\n')
  } else {
    responses.text(formatResponseLine(transactionId, status, comment ?? reasonPhrase(status)))
  }
  responses.bytes(paths)
  responses.text('-------')
  responses.text(transactionId)
  responses.text('$\r\n')
  return responses.take()
}

/** To-Path and From-Path as lines. */
export function encodePaths(toPath: readonly MsrpUri[], fromPath: readonly MsrpUri[]): Uint8Array {
  return encodeText(formatPaths(toPath, fromPath))
}

/** To-Path and From-Path as lines. */
export function formatPaths(toPath: readonly MsrpUri[], fromPath: readonly MsrpUri[]): string {
  if (toPath.length === 0 || fromPath.length === 0) throw new MsrpError('invalid-argument', 'A path needs a URI')
  return `To-Path: ${formatPath(toPath)}\r\nFrom-Path: ${formatPath(fromPath)}\r\n`
}

/** The start-line of a response. */
export function formatResponseLine(transactionId: string, status: number, comment: string): string {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new MsrpError('invalid-argument', `${status} is no status of three digits`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (comment !== 'OK' && /[\u0000-\u0008\u000a-\u001f\u007f]/.test(comment)) {
    throw new MsrpError('invalid-argument', 'A comment cannot hold control characters')
  }
  return `MSRP ${ident(transactionId)} ${status}${comment === '' ? '' : ` ${comment}`}\r\n`
}

/** The id itself. */
export function ident(transactionId: string): string {
  if (!isIdent(transactionId)) throw new MsrpError('invalid-argument', `${shown(transactionId)} is no transaction id`)
  return transactionId
}
