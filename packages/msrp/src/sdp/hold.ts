import type { Medium } from './api.ts'
import { together } from './direction.ts'

/** Media on hold (RFC 3264 §8.4), and what they were before. */
export class Hold {
  readonly #directions: Map<Medium, Medium['wishes']['direction']> = new Map()

  /** The peer is asked to send nothing; what we may send we still may. */
  hold(media: readonly Medium[]): void {
    for (const medium of media) {
      if (this.#directions.has(medium)) continue
      const { direction = 'sendrecv' } = medium.wishes
      this.#directions.set(medium, direction)
      medium.change({ direction: together(direction, 'recvonly') })
    }
  }

  resume(): void {
    for (const [medium, direction] of this.#directions) medium.change({ direction })
    this.#directions.clear()
  }
}
