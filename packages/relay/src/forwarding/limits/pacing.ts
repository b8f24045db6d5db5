import type { RelayConnection } from '../relay-connection.ts'
import type { Pace, Paced } from './pace.ts'
import { Toll } from './toll.ts'

/** Has the messages of one flow wait while the bytes a second of somebody on their way are used up. */
export class Pacing implements Paced {
  readonly #source: RelayConnection
  readonly #onOver: () => void
  /** What the flow itself waits for, where its source has to be read for the sake of others. */
  readonly #paces: Set<Pace> = new Set()

  /** `onOver` is called when the flow may have something to give again. */
  constructor(source: RelayConnection, onOver: () => void) {
    this.#source = source
    this.#onOver = onOver
  }

  /** The flow gives nothing at present, though its source is read. */
  get holding(): boolean {
    return this.#paces.size > 0
  }

  /**
   * Bytes have passed, the last of which stood at `last` in its message. If they were too many the source is not read for a
   * while: unless others would wait with it who are within their limits. Then only the flow waits, as for a slow receiver.
   */
  passed(toll: Toll, last: number): void {
    for (const pace of toll.exceeded(last)) {
      if (this.#isAlone(pace)) {
        this.#source.keepPace(pace, Toll.isBulk(last))
      } else {
        this.#paces.add(pace)
        pace.wait(this, Toll.isBulk(last))
      }
    }
  }

  paceOver(pace: Pace): void {
    this.#paces.delete(pace)
    this.#onOver()
  }

  /** Whether everything that comes over the connection is sent by the one whose pace it is. */
  #isAlone(pace: Pace): boolean {
    const { shared, sharedByName, flows } = this.#source
    return !shared || (!sharedByName && [...flows].every(({ toll }) => toll?.isOfSender(pace)))
  }
}
