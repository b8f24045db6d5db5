import type { SessionStatistics, Traffic } from './api.ts'

/** How much of the smoothed round trip a new one makes, as TCP does it (RFC 6298 §2). */
const SHARE = 1 / 8

type Counted = { -readonly [Key in keyof Traffic]: number }

/** Counts what a session sends and takes in: per message, chunk and piece, never per byte. */
export class SessionCounts {
  readonly sent: Counted = { messages: 0, chunks: 0, bytes: 0, reports: 0 }
  readonly received: Counted = { messages: 0, chunks: 0, bytes: 0, reports: 0 }
  resentBytes = 0
  readonly #failures: Record<number, number> = {}
  #roundTrip: number | undefined

  /** A status of 300 or more came for something of ours; 408 for what nobody answered. */
  failed(status: number): void {
    this.#failures[status] = (this.#failures[status] ?? 0) + 1
  }

  /** A request was answered after so many milliseconds. */
  answeredAfter(milliseconds: number): void {
    this.#roundTrip =
      this.#roundTrip === undefined ? milliseconds : this.#roundTrip * (1 - SHARE) + milliseconds * SHARE
  }

  /** What was counted so far, with what the session knows besides. */
  snapshot(now: Pick<SessionStatistics, 'unconfirmed' | 'age' | 'idle'>): SessionStatistics {
    return {
      sent: { ...this.sent },
      received: { ...this.received },
      resentBytes: this.resentBytes,
      failures: { ...this.#failures },
      roundTrip: this.#roundTrip,
      ...now,
    }
  }
}
