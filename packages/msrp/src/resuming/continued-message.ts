import type { IncomingMessage } from '../session/api.ts'
import type { FileSink, SaveOptions } from '../session/platform.ts'
import { STOPPED_RECEIVING } from '../session/stopped-receiving.ts'
import { readText } from '../wire/charset.ts'
import { MsrpError } from '../wire/index.ts'
import { pulledStream } from '../wire/pulled-stream.ts'

/** The sessions around a message. */
export interface ContinuedRoom {
  /** The session has ended in the middle of it; another one may bring the rest. */
  interrupted(message: ContinuedMessage): void
  /** The application wants no more of it, while no session brings it. */
  refused(messageId: string, status: number, comment: string | undefined): void
}

/**
 * A message that one session after another brings: its reader waits where a session broke off, and reads on when the next
 * one brings the rest (RFC 4975 §5.4).
 */
export class ContinuedMessage implements IncomingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly disposition: string | undefined
  readonly fileName: string | undefined
  readonly duplicate: boolean
  readonly offset: number
  readonly frontMissing: boolean
  readonly successReport: boolean
  readonly complete: Promise<void>
  readonly #room: ContinuedRoom
  readonly #first: IncomingMessage
  #current: IncomingMessage
  /** Whether an error of `#current` is one of its session. */
  #lost: (error: unknown) => boolean
  /** Settles with what the next session brings; undefined while a session is at it. */
  #rest: PromiseWithResolvers<IncomingMessage> | undefined
  #attached = false
  #whole = false

  constructor(room: ContinuedRoom, first: IncomingMessage, lost: (error: unknown) => boolean) {
    this.messageId = first.messageId
    this.contentType = first.contentType
    this.disposition = first.disposition
    this.fileName = first.fileName
    this.duplicate = first.duplicate
    this.offset = first.offset
    this.frontMissing = first.frontMissing
    this.successReport = first.successReport
    this.#room = room
    this.#first = first
    this.#current = first
    this.#lost = lost
    this.complete = this.#completed()
    this.complete.catch(() => {})
  }

  get size(): number | undefined {
    return this.#current.size
  }

  get received(): number {
    return this.#current.received
  }

  /** Its session is gone, and no other one has brought the rest yet. */
  get interrupted(): boolean {
    return this.#rest !== undefined
  }

  field(name: string): string | undefined {
    return this.#first.field(name)
  }

  text(): Promise<string> {
    return readText(this.contentType, () => this.bytes())
  }

  bytes(): Promise<Uint8Array> {
    this.#attach()
    return this.#throughout((message) => message.bytes())
  }

  async blob(): Promise<Blob> {
    const { BlobSink } = await import('../session/blob-sink.ts')
    return this.saveTo(new BlobSink(this.contentType))
  }

  stream(): ReadableStream<Uint8Array> {
    this.#attach()
    let given = this.offset
    let from: IncomingMessage | undefined
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    let position = 0
    const next = async (message: IncomingMessage): Promise<Uint8Array | undefined> => {
      if (reader === undefined || from !== message) {
        from = message
        reader = message.stream().getReader()
        position = message.offset
        if (position > given) throw new MsrpError('internal', `Bytes ${given} to ${position} of a message are missing`)
      }
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return undefined
        position += value.length
        // What has been given already comes again where nothing was kept of it.
        const fresh = value.subarray(Math.max(0, value.length - (position - given)))
        if (position <= given) continue
        given = position
        return fresh
      }
    }
    return pulledStream({
      pull: () => this.#throughout(next),
      cancel: () => this.refuse(413, 'The receiver stopped reading'),
    })
  }

  saveTo(path: string, options?: SaveOptions): Promise<string>
  saveTo<Result>(sink: FileSink<Result>, options?: SaveOptions): Promise<Result>
  async saveTo(target: string | FileSink, options: SaveOptions = {}): Promise<unknown> {
    this.#attach()
    const { signal } = options
    // While a session is at it, that one hears of the signal itself.
    const giveUp = (): void => {
      if (this.interrupted) this.refuse(413, STOPPED_RECEIVING)
    }
    signal?.addEventListener('abort', giveUp)
    try {
      if (typeof target === 'string') return await this.#throughout((message) => message.saveTo(target, options))
      const sink = undiscarded(target)
      return await this.#throughout((message) => message.saveTo(sink, options))
    } catch (error) {
      if (typeof target !== 'string') await target.discard()
      throw error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  refuse(status = 413, comment?: string): void {
    this.#current.refuse(status, comment)
    if (this.#rest === undefined) return
    this.#room.refused(this.messageId, status, comment)
    this.giveUp(new MsrpError('aborted', `The message was refused here with ${status}`, { status }))
  }

  /** Another session brings the rest. */
  continueWith(message: IncomingMessage, lost: (error: unknown) => boolean): void {
    this.#current = message
    this.#lost = lost
    this.#rest?.resolve(message)
    this.#rest = undefined
  }

  /** Nobody brings the rest. */
  giveUp(error: MsrpError): void {
    this.#rest?.reject(error)
  }

  async #completed(): Promise<void> {
    await this.#throughout((message) => message.complete)
    this.#whole = true
  }

  #attach(): void {
    if (this.#attached) throw new MsrpError('invalid-argument', 'A message can be read once only')
    this.#attached = true
  }

  /** Does something with the message as one session brings it, and again as the next one does where that breaks off. */
  async #throughout<T>(action: (message: IncomingMessage) => Promise<T>): Promise<T> {
    await this.#rest?.promise
    for (;;) {
      const message = this.#current
      try {
        return await action(message)
      } catch (error) {
        await this.#broken(message, error)
      }
    }
  }

  /** Waits for the rest of a message that broke off. @throws the error, when that was not for its session's sake */
  #broken(message: IncomingMessage, error: unknown): unknown {
    if (message !== this.#current) return undefined
    if (this.#rest === undefined) {
      if (this.#whole || !this.#lost(error)) throw error
      this.#rest = Promise.withResolvers<IncomingMessage>()
      this.#rest.promise.catch(() => {})
      this.#room.interrupted(this)
    }
    return this.#rest.promise
  }
}

/** A sink that stays as it is when a session breaks: the next one writes on. */
function undiscarded<Result>(sink: FileSink<Result>): FileSink<Result> {
  const { read } = sink
  return {
    write: (position, bytes) => sink.write(position, bytes),
    finish: (size) => sink.finish(size),
    discard: async () => {},
    ...(read === undefined ? {} : { read: (position, length) => read.call(sink, position, length) }),
  }
}
