import { MsrpError } from '../wire/index.ts'
import type { Spool } from './platform.ts'

/** Size of a block, in memory and in the spool. Bytes. */
export const BLOCK: number = 64 * 1024

/**
 * The part of a session's memory that lies on disk: blocks of one size in one spool, handed out and taken back, so that
 * what has been read makes room for what comes.
 */
export class BlockSpool {
  readonly #open: (limit: number) => Promise<Spool>
  readonly #slots: number
  #spool: Promise<Spool> | undefined
  #used = 0
  #next = 0
  readonly #free: number[] = []
  #closed = false
  #retired = false
  #users = 0

  /** `limit`: bytes. `open` is called when the first block is written. */
  constructor(limit: number, open: (limit: number) => Promise<Spool>) {
    this.#slots = Math.floor(limit / BLOCK)
    this.#open = open
  }

  /** Takes a block; undefined when none is left. */
  allocate(): number | undefined {
    if (this.#used >= this.#slots || this.#closed) return undefined
    this.#used++
    return this.#free.pop() ?? this.#next++
  }

  /** Gives a block back. Reads and writes of it have to be over. */
  release(slot: number): void {
    this.#used--
    this.#free.push(slot)
  }

  /** A body may need it from now on. */
  use(): void {
    this.#users++
  }

  /** A body needs it no more. */
  leave(): void {
    this.#users--
    this.#closeIfUnused()
  }

  /** Stores bytes within a block. They are handed over. @throws MsrpError `storage` */
  async write(slot: number, offset: number, bytes: Uint8Array): Promise<void> {
    const spool = await this.#opened()
    await spool.write(slot * BLOCK + offset, bytes)
  }

  /** Reads bytes that were written before; writes that were begun are waited for. @throws MsrpError `storage` */
  async read(slot: number, offset: number, length: number): Promise<Uint8Array> {
    const spool = await this.#opened()
    const bytes = await spool.read(slot * BLOCK + offset, length)
    if (bytes.length !== length) throw new MsrpError('storage', 'the temporary file is shorter than what was written')
    return bytes
  }

  /** Closes it as soon as no body needs it. */
  retire(): void {
    this.#retired = true
    this.#closeIfUnused()
  }

  #closeIfUnused(): void {
    if (!this.#retired || this.#users > 0 || this.#closed) return
    this.#closed = true
    void this.#spool?.then(
      (spool) => spool.close(),
      () => {},
    )
  }

  #opened(): Promise<Spool> {
    if (this.#closed) return Promise.reject(new MsrpError('closed', 'the session is over'))
    this.#spool ??= this.#open(this.#slots * BLOCK)
    return this.#spool
  }
}
