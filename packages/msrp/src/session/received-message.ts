import { readText } from '../wire/charset.ts'
import { MsrpError } from '../wire/index.ts'
import { pulledStream } from '../wire/pulled-stream.ts'
import type { IncomingMessage } from './api.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import { loadedBefore } from './later.ts'
import type { FileSink, Platform, SaveOptions } from './platform.ts'

// A message that the application has let go of unread can never be read, so what it holds is freed.
const dropped = new FinalizationRegistry<IncomingTransfer>((transfer) => transfer.forsake())

type Saving = typeof import('./asked-calls.ts')

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

/** Whether a message may have a file name: `dispositions` have to be loaded for it. */
export function hasFileName({ head }: IncomingRequest): boolean {
  return head.fields.get('Content-Disposition')?.includes(';') === true
}

/** A message as the application sees it. Nothing else may refer to it, so that its being dropped shows. */
export class ReceivedMessage implements IncomingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly disposition: string | undefined
  readonly fileName: string | undefined
  readonly duplicate: boolean
  readonly frontMissing: boolean
  readonly #transfer: IncomingTransfer
  readonly #platform: Platform

  constructor(transfer: IncomingTransfer, platform: Platform) {
    const { fields } = transfer.first.head
    this.#transfer = transfer
    this.#platform = platform
    this.messageId = transfer.messageId
    this.contentType = fields.contentType ?? ''
    this.disposition = fields.get('Content-Disposition')
    const { calls } = platform.parts
    if (hasFileName(transfer.first)) {
      this.fileName = loadedBefore(calls).parseContentDisposition(this.disposition ?? '')?.filename
    }
    this.duplicate = transfer.duplicate
    this.frontMissing = transfer.frontMissing
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
    this.#attach()
    const pieces: Uint8Array[] = []
    try {
      for (let piece = await this.#take(); piece !== undefined; piece = await this.#take()) pieces.push(piece)
      return joined(pieces)
    } catch (error) {
      this.#transfer.body.giveBack(pieces)
      throw error
    }
  }

  blob(): Promise<Blob> {
    return this.#save(({ gather }) => gather(this.#transfer, this.contentType))
  }

  stream(): ReadableStream<Uint8Array> {
    this.#attach()
    return pulledStream({
      pull: () => this.#take(),
      cancel: () => this.#transfer.refuse(413, 'The receiver stopped reading'),
    })
  }

  saveTo(path: string, options?: SaveOptions): Promise<string>
  saveTo<Result>(sink: FileSink<Result>, options?: SaveOptions): Promise<Result>
  async saveTo(target: string | FileSink, options: SaveOptions = {}): Promise<unknown> {
    return this.#save((saving) => saving.saveTo(this.#transfer, target, options, this.#platform))
  }

  /** What it takes may have to be loaded first. */
  async #save<Result>(how: (saving: Saving) => Promise<Result>): Promise<Result> {
    this.#attach()
    const saving = this.#platform.parts.calls()
    if (!(saving instanceof Promise)) return how(saving)
    return how(
      await saving.catch((error) => {
        this.#transfer.fail(error)
        throw error
      }),
    )
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
  #attach(): void {
    const { body, interruption } = this.#transfer
    // What is another session's by now is for the reader of that one.
    if (interruption === undefined) body.attach()
    dropped.unregister(this)
  }

  /** The next bytes. A reader who was busy while its session broke must not take those of the next one. */
  #take(): Promise<Uint8Array | undefined> {
    const { body, interruption } = this.#transfer
    return interruption === undefined ? body.take() : Promise.reject(interruption)
  }
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
