import { type CpimHead, CpimHeadReader } from '../cpim/index.ts'
import type { FileSink } from '../session/platform.ts'
import { MsrpError } from '../wire/index.ts'

/** Bytes that may come before the head in front of them. */
const MOST_EARLY = 256 * 1024

/** Takes a message/cpim (RFC 3862) as it arrives and hands on what is wrapped in it, wherever its parts belong. */
export class CpimContentSink implements FileSink {
  readonly #content: FileSink
  readonly #onHead: (head: CpimHead) => void
  readonly #reader = new CpimHeadReader()
  #early: { readonly position: number; readonly bytes: Uint8Array }[] = []
  #earlyBytes = 0
  /** Up to where the head is read, and where the content begins once it is. */
  #until = 0
  #head: CpimHead | undefined

  /** `onHead` may throw, which ends the message. */
  constructor(content: FileSink, onHead: (head: CpimHead) => void) {
    this.#content = content
    this.#onHead = onHead
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#head !== undefined) return this.#writeContent(position, bytes)
    if (position > this.#until) return this.#keep(position, bytes)
    const end = position + bytes.length
    if (end <= this.#until) return
    const fresh = bytes.subarray(this.#until - position)
    const found = this.#reader.push(fresh)
    this.#until = end - (found?.rest.length ?? 0)
    if (found === undefined) {
      await this.#again()
      return
    }
    this.#begin(found.head)
    await this.#content.write(0, found.rest)
    await this.#again()
  }

  async finish(size: number): Promise<unknown> {
    if (this.#head === undefined) {
      const { head, rest } = this.#reader.end()
      this.#until = size - rest.length
      this.#begin(head)
      await this.#content.write(0, rest)
    }
    return this.#content.finish(size - this.#until)
  }

  discard(): Promise<void> {
    return this.#content.discard()
  }

  #begin(head: CpimHead): void {
    this.#head = head
    this.#onHead(head)
  }

  async #writeContent(position: number, bytes: Uint8Array): Promise<void> {
    const skip = Math.max(0, this.#until - position)
    if (skip < bytes.length) await this.#content.write(position + skip - this.#until, bytes.subarray(skip))
  }

  #keep(position: number, bytes: Uint8Array): void {
    this.#earlyBytes += bytes.length
    if (this.#earlyBytes > MOST_EARLY) {
      const text = `More than ${MOST_EARLY} bytes of a message/cpim came before its head`
      throw new MsrpError('limit-exceeded', text, { status: 413 })
    }
    this.#early.push({ position, bytes })
  }

  /** What came early finds its place now, or waits again. */
  async #again(): Promise<void> {
    const early = this.#early
    this.#early = []
    this.#earlyBytes = 0
    for (const { position, bytes } of early) await this.write(position, bytes)
  }
}
