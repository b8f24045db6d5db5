import { lines } from './arrivals.ts'

/** What is known of a SEND when its receiver answers it or reports on it. */
export interface Received {
  readonly transactionId: string
  readonly messageId: string
  /** From-Path and To-Path of the SEND. */
  readonly fromPath: readonly string[]
  readonly toPath: readonly string[]
  /** For a REPORT that has an id of its own. */
  readonly ownId: string
}

/** A REPORT about a message of five bytes, or a response to it, as some receiver in the field writes it. */
export interface ReceiverText {
  readonly id: string
  readonly name: string
  /** The requests or responses, in their order. */
  text(received: Received): string
}

function report({ fromPath, toPath, messageId }: Received, transactionId: string, fields: readonly string[]): string {
  return lines(
    `MSRP ${transactionId} REPORT`,
    `To-Path: ${fromPath.join(' ')}`,
    `From-Path: ${toPath.join(' ')}`,
    `Message-ID: ${messageId}`,
    fields,
    `-------${transactionId}$`,
  )
}

function response(
  { transactionId }: Received,
  status: string,
  toPath: readonly string[],
  fromPath: readonly string[],
  fields: readonly string[] = [],
): string {
  return lines(
    `MSRP ${transactionId} ${status}`,
    `To-Path: ${toPath.join(' ')}`,
    `From-Path: ${fromPath.join(' ')}`,
    fields,
    `-------${transactionId}$`,
  )
}

/** Each covers all five bytes. */
export const reports: readonly ReceiverText[] = [
  {
    id: 'FIELD-liberal-12',
    name: 'REPORTs that grow from the first byte on',
    text: (received) =>
      ['1-2/5', '1-4/5', '1-5/5']
        .map((range, index) => report(received, received.ownId + index, [`Byte-Range: ${range}`, 'Status: 000 200 OK']))
        .join(''),
  },
  {
    id: 'FIELD-liberal-12',
    name: 'a REPORT whose total is less than its end',
    text: (received) => report(received, received.ownId, ['Byte-Range: 1-5/3', 'Status: 000 200 OK']),
  },
  {
    id: 'FIELD-liberal-12',
    name: 'a REPORT whose range goes beyond the message',
    text: (received) => report(received, received.ownId, ['Byte-Range: 1-7/7', 'Status: 000 200 OK']),
  },
  {
    id: 'FIELD-liberal-12',
    name: 'a REPORT whose range is open',
    text: (received) => report(received, received.ownId, ['Byte-Range: 1-*/*', 'Status: 000 200 OK']),
  },
  {
    id: 'FIELD-liberal-12',
    name: 'a REPORT without Byte-Range',
    text: (received) => report(received, received.ownId, ['Status: 000 200 OK']),
  },
  {
    id: 'FIELD-liberal-13',
    name: 'a REPORT with the transaction id of the SEND, Status before Byte-Range',
    text: (received) => report(received, received.transactionId, ['Status: 000 200 OK', 'Byte-Range: 1-5/5']),
  },
  {
    id: 'FIELD-liberal-22',
    name: 'a REPORT without words behind its status',
    text: (received) => report(received, received.ownId, ['Byte-Range: 1-5/5', 'Status: 000 200']),
  },
]

/** Each says 200. */
export const responses: readonly ReceiverText[] = [
  {
    id: 'FIELD-liberal-18',
    name: 'the whole From-Path in To-Path',
    text: (received) => response(received, '200 OK', received.fromPath, received.toPath),
  },
  {
    id: 'FIELD-liberal-18',
    name: 'the last URI of From-Path in To-Path',
    text: (received) => response(received, '200 OK', received.fromPath.slice(-1), received.toPath.slice(-1)),
  },
  {
    id: 'FIELD-liberal-18',
    name: 'paths that are nobody’s here',
    text: (received) => response(received, '200 OK', ['msrp://nat.example:1/x;tcp'], ['msrp://10.0.0.1:2855/y;tcp']),
  },
  {
    id: 'FIELD-liberal-22',
    name: 'no words behind its status',
    text: (received) => response(received, '200', received.fromPath.slice(0, 1), received.toPath.slice(0, 1)),
  },
  {
    id: 'FIELD-liberal-19',
    name: 'Message-ID and Byte-Range, as if it were a request',
    text: (received) =>
      response(received, '200 OK', received.fromPath.slice(0, 1), received.toPath.slice(0, 1), [
        `Message-ID: ${received.messageId}`,
        'Byte-Range: 1-5/5',
      ]),
  },
]

/** For `test.each`. */
export function named(texts: readonly ReceiverText[]): (readonly [name: string, text: ReceiverText])[] {
  return texts.map((text) => [`${text.name} (${text.id})`, text])
}
