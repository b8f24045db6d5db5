import { asMsrpError } from '../wire/as-msrp-error.ts'
import { readText } from '../wire/charset.ts'
import { MsrpError, parseContentDisposition } from '../wire/index.ts'
import { pulledStream } from '../wire/pulled-stream.ts'
import type { IncomingMessage } from './api.ts'
import type { AnyBody } from './incoming-body.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import type { FileSink, SaveOptions } from './platform.ts'

/** How a message comes to a file. */
export type CreateFile = ((path: string, options: SaveOptions) => Promise<FileSink>) | undefined

// A message that the application has let go of unread can never be read, so what it holds is freed.
const dropped = new FinalizationRegistry<IncomingTransfer>((transfer) => transfer.forsake())

/** So many steps an application that waits for a message may take before it reads it. */
const STEPS = 8

/** Watching a message costs more than reading a short one, and most are read as soon as they are there. */
async function watch(message: ReceivedMessage, transfer: IncomingTransfer): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    await undefined
    if (!transfer.body.unread || transfer.state === 'failed') return
  }
  dropped.register(message, transfer, message)
}

/** A message as the application sees it. Nothing else may refer to it, so that its being dropped shows. */
export class ReceivedMessage implements IncomingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly disposition: string | undefined
  readonly fileName: string | undefined
  readonly duplicate: boolean
  readonly #transfer: IncomingTransfer
  readonly #createFile: CreateFile

  constructor(transfer: IncomingTransfer, createFile: CreateFile) {
    const { fields } = transfer.first.head
    this.#transfer = transfer
    this.#createFile = createFile
    this.messageId = transfer.messageId
    this.contentType = fields.contentType ?? ''
    this.disposition = fields.get('Content-Disposition')
    this.fileName = parseContentDisposition(this.disposition ?? '')?.filename
    this.duplicate = transfer.duplicate
    void watch(this, transfer)
  }

  get size(): number | undefined {
    return this.#transfer.size
  }

  get received(): number {
    return this.#transfer.body.received.bytes
  }

  get offset(): number {
    return this.#transfer.body.offset
  }

  get successReport(): boolean {
    return this.#transfer.first.successReport
  }

  get complete(): Promise<void> {
    return this.#transfer.complete
  }

  field(name: string): string | undefined {
    return this.#transfer.first.head.fields.get(name)
  }

  text(): Promise<string> {
    return readText(this.contentType, () => this.bytes())
  }

  async bytes(): Promise<Uint8Array> {
    const body = this.#attach()
    const pieces: Uint8Array[] = []
    try {
      for (let piece = await this.#take(body); piece !== undefined; piece = await this.#take(body)) pieces.push(piece)
      return joined(pieces)
    } catch (error) {
      body.giveBack(pieces)
      throw error
    }
  }

  async blob(): Promise<Blob> {
    const open = async (): Promise<FileSink<Blob>> => {
      const { BlobSink } = await import('./blob-sink.ts')
      return new BlobSink(this.contentType)
    }
    return this.#save(open, undefined)
  }

  stream(): ReadableStream<Uint8Array> {
    const body = this.#attach()
    return pulledStream({
      pull: () => this.#take(body),
      cancel: () => this.#transfer.refuse(413, 'The receiver stopped reading'),
    })
  }

  saveTo(path: string, options?: SaveOptions): Promise<string>
  saveTo<Result>(sink: FileSink<Result>, options?: SaveOptions): Promise<Result>
  async saveTo(target: string | FileSink, options: SaveOptions = {}): Promise<unknown> {
    return this.#save(async () => (typeof target === 'string' ? this.#open(target, options) : target), options.signal)
  }

  async #save<Result>(open: () => Promise<FileSink<Result>>, signal: AbortSignal | undefined): Promise<Result> {
    const transfer = this.#transfer
    this.#attach()
    const giveUp = (): void => transfer.fail(savingAborted(signal?.reason))
    if (signal?.aborted) giveUp()
    signal?.addEventListener('abort', giveUp)
    try {
      const sink = await open()
      if (transfer.interruption === undefined) return await transfer.body.saveTo(sink)
      await sink.discard()
      throw transfer.interruption
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  refuse(status = 413, comment?: string): void {
    if (!Number.isInteger(status) || status < 400 || status > 999) {
      throw new MsrpError('invalid-argument', `A message is refused with a status from 400 on, not with ${status}`)
    }
    // The error that this makes remembers in its stack what was called, this message: watched, it would never be dropped.
    dropped.unregister(this)
    this.#transfer.refuse(status, comment)
  }

  /** From now on somebody reads it, so its being dropped means nothing; and watched objects live longer than others. */
  #attach(): AnyBody {
    const { body, interruption } = this.#transfer
    // What is another session's by now is for the reader of that one.
    if (interruption === undefined) body.attach()
    dropped.unregister(this)
    return body
  }

  /** The next bytes. A reader who was busy while its session broke must not take those of the next one. */
  #take(body: AnyBody): Promise<Uint8Array | undefined> {
    const { interruption } = this.#transfer
    return interruption === undefined ? body.take() : Promise.reject(interruption)
  }

  async #open(path: string, options: SaveOptions): Promise<FileSink> {
    try {
      if (this.#createFile === undefined) throw new MsrpError('storage', 'There are no files here')
      return await this.#createFile(path, options)
    } catch (cause) {
      const error = asMsrpError(cause, 'storage', `Cannot write ${path}`)
      this.#transfer.fail(error)
      throw error
    }
  }
}

function savingAborted(cause: unknown): MsrpError {
  return new MsrpError('aborted', 'Saving the message was given up', { status: 413, cause })
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let filled = 0
  for (const piece of pieces) {
    bytes.set(piece, filled)
    filled += piece.length
  }
  return bytes
}
