import { createHash } from 'node:crypto'
import type { Transport, TransportHandler } from '../../src/connection/transport.ts'
import type { MsrpError } from '../../src/wire/index.ts'

/** A handler that writes down what happens on a transport, copies what it is lent, and lets a test await a condition. */
export class Recorder implements TransportHandler {
  readonly events: string[] = []
  readonly pieces: Uint8Array[] = []
  received = 0
  drains = 0
  closes = 0
  error: MsrpError | undefined
  /** Called for each piece, for tests that answer, pause or count. */
  onPiece: ((bytes: Uint8Array) => void) | undefined
  onDrained: (() => void) | undefined
  #waiting: { condition: () => boolean; resolve: () => void }[] = []
  #digest = createHash('sha256')

  /** Starts a transport with a recorder of its own. `keep`: false to only count and digest, for long transfers. */
  static on(transport: Transport, keep = true): Recorder {
    const recorder = new Recorder(keep)
    transport.start(recorder)
    return recorder
  }

  readonly #keep: boolean

  constructor(keep = true) {
    this.#keep = keep
  }

  onData(bytes: Uint8Array): void {
    if (this.closes > 0) throw new Error('onData after onClose')
    this.events.push('data')
    this.received += bytes.length
    this.#digest.update(bytes)
    if (this.#keep) this.pieces.push(new Uint8Array(bytes))
    this.onPiece?.(bytes)
    this.#look()
  }

  onDrain(): void {
    if (this.closes > 0) throw new Error('onDrain after onClose')
    this.events.push('drain')
    this.drains += 1
    this.onDrained?.()
    this.#look()
  }

  onClose(error?: MsrpError): void {
    if (this.closes > 0) throw new Error('onClose twice')
    this.events.push('close')
    this.closes += 1
    this.error = error
    this.#look()
  }

  /** Resolves when the condition holds; looked at after each event. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }))
  }

  closed(): Promise<void> {
    return this.until(() => this.closes > 0)
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1')
  }

  /** SHA-256 of all bytes so far, hexadecimal. */
  get sha256(): string {
    return this.#digest.copy().digest('hex')
  }

  #look(): void {
    const ready = this.#waiting.filter(({ condition }) => condition())
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one))
    for (const { resolve } of ready) resolve()
  }
}
