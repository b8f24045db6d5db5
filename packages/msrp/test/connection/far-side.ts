import type { Transport } from '../../src/connection/index.ts'
import { ChunkParser, type ContinuationFlag, type Head } from '../../src/wire/index.ts'

/** A whole request or response as it arrived. */
export interface Arrived {
  head: Head
  transactionId: string
  /** The method, or the status. */
  what: string
  messageId: string | undefined
  range: string | undefined
  body: Buffer
  flag: ContinuationFlag
}

/** The far end of a connection: reads what comes with the parser, and writes what a test wants. */
export class FarSide {
  readonly transport: Transport
  readonly arrived: Arrived[] = []
  /** A head whose end has not come yet. */
  open: Head | undefined
  closed = false
  readonly #parser: ChunkParser
  #body: Buffer[] = []

  constructor(transport: Transport) {
    this.transport = transport
    this.#parser = new ChunkParser({
      onHead: (head) => {
        this.open = head
      },
      onBody: (bytes) => this.#body.push(Buffer.from(bytes)),
      onEnd: (flag) => this.#end(flag),
    })
    transport.start({
      onData: (bytes) => this.#parser.push(bytes),
      onDrain: () => {},
      onClose: () => {
        this.closed = true
      },
    })
  }

  write(text: string | Uint8Array): void {
    this.transport.write(Buffer.from(text))
  }

  respond(transactionId: string, status = 200, fields = ''): void {
    this.write(
      `MSRP ${transactionId} ${status}\r\nTo-Path: msrp://near.invalid:1/n;tcp\r\nFrom-Path: msrp://far.invalid:1/f;tcp\r\n` +
        `${fields}-------${transactionId}$\r\n`,
    )
  }

  request(transactionId: string, method: string, body?: string): void {
    this.write(requestText(transactionId, method, body))
  }

  /** The bodies of the chunks of one message, as one. */
  body(messageId: string): Buffer {
    return Buffer.concat(this.arrived.filter((chunk) => chunk.messageId === messageId).map(({ body }) => body))
  }

  #end(flag: ContinuationFlag): void {
    const head = this.open!
    this.open = undefined
    this.arrived.push({
      head,
      transactionId: head.transactionId,
      what: head.kind === 'request' ? head.method : String(head.status),
      messageId: head.fields.get('Message-ID'),
      range: head.fields.get('Byte-Range'),
      body: Buffer.concat(this.#body),
      flag,
    })
    this.#body = []
  }
}

/** A request as text; with a body also its Content-Type. */
export function requestText(transactionId: string, method: string, body?: string): string {
  const head = `MSRP ${transactionId} ${method}\r\nTo-Path: msrp://far.invalid:1/f;tcp\r\nFrom-Path: msrp://near.invalid:1/n;tcp\r\n`
  const fields = method === 'SEND' || method === 'REPORT' ? 'Message-ID: message1\r\n' : ''
  const content = body === undefined ? '' : `Content-Type: text/plain\r\n\r\n${body}\r\n`
  return `${head}${fields}${content}-------${transactionId}$\r\n`
}

/** A whole request of the given size, as bytes to be sent as they are. */
export function controlRequest(transactionId: string, size: number): Uint8Array {
  const head = `MSRP ${transactionId} REPORT\r\nTo-Path: msrp://far.invalid:1/f;tcp\r\nFrom-Path: msrp://near.invalid:1/n;tcp\r\n`
  const end = `-------${transactionId}$\r\n`
  let padding = ''
  for (let left = size - head.length - end.length; left > 0; left = size - head.length - end.length - padding.length) {
    padding += `X: ${'x'.repeat(Math.min(left, 8000) - 5)}\r\n`
  }
  return Buffer.from(head + padding + end)
}
