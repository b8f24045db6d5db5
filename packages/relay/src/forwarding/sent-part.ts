import type { ResponseHead } from 'msrp/wire'
import type { InboundChunk } from './inbound-chunk.ts'
import type { Pending } from './pending.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Token } from './token.ts'

/** A part of a chunk that goes out, or went out, and waits for the next hop's response. */
export class SentPart implements Pending {
  readonly #chunk: InboundChunk
  #owedBy: RelayConnection | undefined
  #watchedBy: RelayConnection | undefined
  #over = false

  constructor(chunk: InboundChunk) {
    this.#chunk = chunk
  }

  get tokens(): readonly Token[] {
    return this.#chunk.flow.tokens
  }

  /** Bytes that are counted for it. */
  get size(): number {
    return this.#chunk.size
  }

  /** It was answered, perhaps before its end; nobody waits for a response any more. */
  get over(): boolean {
    return this.#over
  }

  /** It is complete, and `by` owes the response. */
  owed(by: RelayConnection): void {
    this.#owedBy = by
    by.owed += this.size
    this.#chunk.flow.unanswered++
  }

  /** It is complete, and `by` answers only if it refuses it. */
  watched(by: RelayConnection): void {
    this.#watchedBy = by
    by.watched += this.size
  }

  answered({ status, comment }: ResponseHead): void {
    // Both were taken down when what they stand for was read: looking at a clock for each message would cost more.
    const answeredAt = this.#owedBy?.connection.lastActivity ?? Number.NaN
    this.#chunk.flow.source.counters.answerTime.observe((answeredAt - this.#chunk.arrivedAt) / 1000)
    this.#conclude()
    // RFC 4976 §6.4.3: the code of the response is that of the REPORT.
    if (status !== 200) this.#chunk.flow.refused(this.#chunk, status, comment === '' ? undefined : comment)
  }

  unanswered(status: number, comment: string): void {
    this.#conclude()
    this.#chunk.flow.refused(this.#chunk, status, comment)
  }

  forgotten(): void {
    this.#conclude()
  }

  #conclude(): void {
    this.#over = true
    if (this.#owedBy !== undefined) {
      this.#owedBy.owed -= this.size
      this.#chunk.flow.unanswered--
    }
    if (this.#watchedBy !== undefined) this.#watchedBy.watched -= this.size
    this.#owedBy = undefined
    this.#watchedBy = undefined
  }
}
