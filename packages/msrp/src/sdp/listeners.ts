import { inform } from '../wire/inform.ts'

/** Those who want to hear of something, in the order in which they came. */
export class Listeners<Heard> {
  readonly #all: Set<{ readonly tell: (heard: Heard) => void }> = new Set()

  /** Returns what ends it. */
  add(tell: (heard: Heard) => void): () => void {
    const listener = { tell }
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  /** Each hears it, whatever the others throw. */
  tell(heard: Heard): void {
    for (const { tell } of [...this.#all]) inform(() => tell(heard))
  }
}
