import { idOf, lines } from './arrivals.ts'

/** Where a SEND goes, and where it comes from. */
export interface Paths {
  readonly to: readonly string[]
  readonly from: string
}

/** A SEND as some peer in the field writes it. */
export interface PeerRequest {
  readonly id: string
  readonly name: string
  /** What the peer does to the URIs of its paths. */
  readonly uri?: (uri: string) => string
  /** What it does to names of header fields. */
  readonly fieldName?: (name: string) => string
  readonly transactionId?: (attempt: number) => string
  readonly messageId?: (attempt: number) => string
  /** Lines that follow Message-ID. */
  readonly fields: readonly string[]
  /** None when it is undefined; a text of one size, whatever the transaction id. */
  readonly body: string | ((transactionId: string) => string) | undefined
  /** What the peer sends in front of it. */
  readonly before?: string
}

const RANGE = 'Byte-Range: 1-5/5'
const TYPE = 'Content-Type: text/plain'

/** In both roles the same bytes are played: to an endpoint, and through a relay. */
export const sentByPeers: readonly PeerRequest[] = [
  {
    id: 'FIELD-liberal-1',
    name: 'names of header fields in lower case',
    fieldName: (name) => name.toLowerCase(),
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-1',
    name: 'names of header fields in capitals',
    fieldName: (name) => name.toUpperCase(),
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-5',
    name: 'header fields that nobody knows, two of one name among them',
    fields: ['X-First: 1', RANGE, 'Keep-Alive: yes', 'X-Note: a: b', 'x-note:c', 'Ext-Type: x', TYPE],
    body: 'hello',
  },
  { id: 'FIELD-liberal-6', name: 'a bind SEND with 1-0/0', fields: ['Byte-Range: 1-0/0'], body: undefined },
  { id: 'FIELD-liberal-6', name: 'a bind SEND without Byte-Range', fields: [], body: undefined },
  {
    id: 'FIELD-liberal-6',
    name: 'a bind SEND with a total that is open',
    fields: ['Byte-Range: 1-0/*'],
    body: undefined,
  },
  { id: 'FIELD-liberal-6', name: 'a bind SEND with 1-*/*', fields: ['Byte-Range: 1-*/*'], body: undefined },
  {
    id: 'FIELD-liberal-6',
    name: 'a bind SEND with Content-Type but no body',
    fields: ['Byte-Range: 1-0/0', TYPE],
    body: undefined,
  },
  {
    id: 'FIELD-liberal-7',
    name: 'an empty Content-Transfer-Encoding',
    fields: [RANGE, 'Content-Transfer-Encoding:', TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-7',
    name: 'an empty Content-Transfer-Encoding with a blank',
    fields: [RANGE, 'Content-Transfer-Encoding: ', TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-8',
    name: 'ids of three characters',
    transactionId: (attempt) => `a${attempt.toString(36).padStart(2, '0')}`,
    messageId: (attempt) => `b${attempt.toString(36).padStart(2, '0')}`,
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-8',
    name: 'ids of 32 characters',
    transactionId: (attempt) => idOf(attempt, 't.-+%=', 32),
    messageId: (attempt) => idOf(attempt, 'm.-+%=', 32),
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-9',
    name: 'a UUID of 36 characters as Message-ID',
    messageId: (attempt) => `b79c9965-ffa8-533c-8b2e-${String(attempt).padStart(12, '0')}`,
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-10',
    name: 'no Content-Disposition',
    fields: [RANGE, 'Content-Type: application/octet-stream'],
    body: 'bytes',
  },
  {
    id: 'FIELD-liberal-14',
    name: 'URI parameters, some without value',
    uri: (uri) => `${uri};flag;name=value;last`,
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-15',
    name: 'scheme, host and transport of URIs in capitals',
    uri: (uri) =>
      uri.replace(/^(.*?:\/\/[^/]*)(.*);tcp$/, (_, authority, path) => `${authority.toUpperCase()}${path};TCP`),
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-21',
    name: 'header fields in an order of its own',
    fields: ['Success-Report: no', 'Failure-Report: yes', 'Content-Disposition: inline', RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-21',
    name: 'header fields behind Content-Type',
    fields: [TYPE, 'Content-Disposition: inline', RANGE, 'Failure-Report: yes'],
    body: 'hello',
  },
  {
    id: 'FIELD-liberal-23',
    name: 'empty lines between messages',
    before: '\r\n\r\n',
    fields: [RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-relay-19',
    name: 'a header value with a colon and a blank in it',
    fields: ['X-Name: a: b: c', RANGE, TYPE],
    body: 'hello',
  },
  {
    id: 'FIELD-relay-1',
    name: 'bodies that are nearly an end-line',
    fields: ['Byte-Range: 1-31/31', TYPE],
    body: '\r\n-------id0000000\r\n-------id!$',
  },
  {
    id: 'FIELD-relay-17',
    name: 'a body with end-lines of others, and with its own but for the flag',
    fields: ['Content-Type: message/x'],
    body: (own) => `\r\n-------other123$\r\nMSRP other123 SEND\r\n-------${own}!\r\n-------${own.toUpperCase()}$\r\n`,
  },
  { id: 'FIELD-endpoint-1', name: 'a start-line that straddles reads', fields: [RANGE, TYPE], body: 'hello' },
]

export function transactionIdOf({ transactionId = idOf }: PeerRequest, attempt: number): string {
  return transactionId(attempt)
}

/** The body of an attempt. */
export function bodyOf(request: PeerRequest, attempt: number): string | undefined {
  const { body } = request
  return typeof body === 'function' ? body(transactionIdOf(request, attempt)) : body
}

/** The lines behind the paths, which a relay leaves as they are. */
export function fieldsOf(request: PeerRequest, attempt: number): string[] {
  const { fieldName = (name) => name, messageId = (number) => idOf(number, 'mid'), fields } = request
  return [`Message-ID: ${messageId(attempt)}`, ...fields].map((line) =>
    line.replace(/^[^:]+/, (name) => fieldName(name)),
  )
}

/** The whole request. */
export function textOf(request: PeerRequest, { to, from }: Paths, attempt: number): string {
  const { uri = (text) => text, fieldName = (name) => name, before = '' } = request
  const body = bodyOf(request, attempt)
  const transactionId = transactionIdOf(request, attempt)
  return (
    before +
    lines(
      `MSRP ${transactionId} SEND`,
      `${fieldName('To-Path')}: ${to.map(uri).join(' ')}`,
      `${fieldName('From-Path')}: ${uri(from)}`,
      fieldsOf(request, attempt),
      body === undefined ? [] : ['', body],
      `-------${transactionId}$`,
    )
  )
}

/** For `test.each`: each case under its name. */
export const namedRequests: readonly (readonly [name: string, request: PeerRequest])[] = sentByPeers.map((request) => [
  `${request.name} (${request.id})`,
  request,
])
