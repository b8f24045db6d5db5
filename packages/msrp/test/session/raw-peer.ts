import { ChunkParser, type ContinuationFlag, type Head } from '../../src/wire/index.ts'
import { settle } from '../transport/fake-clock.ts'
import type { MemoryTransport } from '../transport/memory-transport.ts'

/** A request or response that the endpoint sent. */
export interface Seen {
  readonly kind: 'request' | 'response'
  readonly transactionId: string
  /** Of a request. */
  readonly method: string
  /** Of a response. */
  readonly status: number
  readonly comment: string
  readonly fieldNames: string[]
  field(name: string): string | undefined
  readonly hasBody: boolean
  readonly body: Uint8Array
  readonly text: string
  readonly flag: ContinuationFlag
}

/** What `RawPeer.send` writes; everything has a default. */
export interface SendParts {
  transactionId?: string
  messageId?: string
  /** The value of Byte-Range; none when undefined is given explicitly. */
  range?: string | undefined
  type?: string | undefined
  body?: string | Uint8Array | undefined
  flag?: ContinuationFlag
  success?: 'yes' | 'no'
  failure?: 'yes' | 'no' | 'partial'
  fields?: string[]
  to?: string
  from?: string
  method?: string
}

/** A peer written by hand: plays bytes to the endpoint and sees all that comes back. */
export class RawPeer {
  readonly transport: MemoryTransport
  /** Everything that came and was not taken. */
  readonly seen: Seen[] = []
  to: string
  from: string
  closed = false
  /** Called for each request that comes, before it can be taken. */
  onRequest: ((request: Seen) => void) | undefined
  #ids = 0
  #partial: string | undefined

  constructor(transport: MemoryTransport, to: string, from: string) {
    this.transport = transport
    this.to = to
    this.from = from
    let head: Head | undefined
    let body: Uint8Array[] = []
    const parser = new ChunkParser({
      onHead: (it) => {
        head = it
        body = []
        this.#partial = it.transactionId
      },
      onBody: (bytes) => body.push(bytes.slice()),
      onEnd: (flag) => {
        this.#partial = undefined
        const seen = seenOf(head!, Buffer.concat(body), flag)
        this.seen.push(seen)
        if (this.to === '') this.to = seen.field('From-Path') ?? ''
        if (seen.kind === 'request') this.onRequest?.(seen)
      },
    })
    transport.start({
      onData: (bytes) => parser.push(bytes),
      onDrain: () => {},
      onClose: () => {
        this.closed = true
      },
    })
  }

  write(text: string | Uint8Array): void {
    this.transport.write(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  }

  /** Writes a SEND (or another request); gives its transaction id. */
  send(parts: SendParts = {}): string {
    const transactionId = parts.transactionId ?? this.nextId()
    this.write(this.bytesOf({ ...parts, transactionId }))
    return transactionId
  }

  /** The bytes that `send` writes. */
  bytesOf(parts: SendParts): Uint8Array {
    const { body, flag = '$', type = body === undefined ? undefined : 'text/plain', method = 'SEND' } = parts
    const transactionId = parts.transactionId ?? this.nextId()
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    const range = 'range' in parts ? parts.range : bytes === undefined ? '1-0/0' : `1-${bytes.length}/${bytes.length}`
    const lines = [
      `MSRP ${transactionId} ${method}`,
      `To-Path: ${parts.to ?? this.to}`,
      `From-Path: ${parts.from ?? this.from}`,
      ...(parts.messageId === '' ? [] : [`Message-ID: ${parts.messageId ?? `m${transactionId}`}`]),
      ...(parts.success === undefined ? [] : [`Success-Report: ${parts.success}`]),
      ...(parts.failure === undefined ? [] : [`Failure-Report: ${parts.failure}`]),
      ...(range === undefined ? [] : [`Byte-Range: ${range}`]),
      ...(parts.fields ?? []),
      ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ]
    const head = `${lines.join('\r\n')}\r\n`
    const end = `-------${transactionId}${flag}\r\n`
    if (bytes === undefined) return Buffer.from(head + end)
    return Buffer.concat([Buffer.from(`${head}\r\n`), bytes, Buffer.from(`\r\n${end}`)])
  }

  /** Answers a request. */
  respond(request: Seen, status = 200, comment = 'OK'): void {
    const { transactionId } = request
    this.write(
      `MSRP ${transactionId} ${status} ${comment}\r\nTo-Path: ${this.to}\r\nFrom-Path: ${this.from}\r\n-------${transactionId}$\r\n`,
    )
  }

  /** Reports on a message. */
  report(
    messageId: string,
    range: string | undefined,
    status = '000 200 OK',
    transactionId: string = this.nextId(),
  ): void {
    const line = range === undefined ? '' : `Byte-Range: ${range}\r\n`
    this.write(
      `MSRP ${transactionId} REPORT\r\nTo-Path: ${this.to}\r\nFrom-Path: ${this.from}\r\n` +
        `Message-ID: ${messageId}\r\n${line}Status: ${status}\r\n-------${transactionId}$\r\n`,
    )
  }

  /** The next thing that came, or the next for which `wanted` holds; waits for it. */
  async take(wanted: (seen: Seen) => boolean = () => true): Promise<Seen> {
    for (let turns = 0; turns < 200; turns++) {
      const index = this.seen.findIndex(wanted)
      if (index >= 0) return this.seen.splice(index, 1)[0]!
      await settle()
    }
    throw new Error(`nothing of the kind came; waiting are: ${this.seen.map(describe).join(', ') || 'nothing'}`)
  }

  /** The response to a transaction. */
  response(transactionId: string): Promise<Seen> {
    return this.take((seen) => seen.kind === 'response' && seen.transactionId === transactionId)
  }

  request(method: string): Promise<Seen> {
    return this.take((seen) => seen.kind === 'request' && seen.method === method)
  }

  /** All that has come once everything has settled, and takes it. */
  async all(): Promise<Seen[]> {
    await settled()
    return this.seen.splice(0)
  }

  /** The transaction id of what is arriving at the moment. */
  async underWay(): Promise<string> {
    for (let turns = 0; turns < 100 && this.#partial === undefined; turns++) await settle()
    if (this.#partial === undefined) throw new Error('nothing is under way')
    return this.#partial
  }

  nextId(): string {
    return `raw${String(++this.#ids).padStart(5, '0')}`
  }
}

/** Enough turns of the event loop for anything in memory to come to rest. */
export async function settled(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await settle()
}

/** Short, for comparing whole conversations. */
export function describe(seen: Seen): string {
  if (seen.kind === 'response') return `${seen.status} ${seen.transactionId}`
  const range = seen.field('Byte-Range')
  return `${seen.method}${range === undefined ? '' : ` ${range}`}${seen.flag === '$' ? '' : ` ${seen.flag}`}`
}

function seenOf(head: Head, body: Buffer, flag: ContinuationFlag): Seen {
  return {
    kind: head.kind,
    transactionId: head.transactionId,
    method: head.kind === 'request' ? head.method : '',
    status: head.kind === 'response' ? head.status : 0,
    comment: head.kind === 'response' ? head.comment : '',
    fieldNames: [...head.fields.entries()].map(([name]) => name),
    field: (name) => head.fields.get(name),
    hasBody: head.kind === 'request' && head.hasBody,
    body: new Uint8Array(body),
    text: body.toString(),
    flag,
  }
}
