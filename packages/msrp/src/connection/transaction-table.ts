/** What such a table holds. */
export interface Identified<E> {
  readonly transactionId: string
  /** Another one in the same place of the table. */
  beside: E | undefined
}

/** Places of a table that is made, or empty again: a power of two. */
const PLACES = 16

/** So many characters of an id tell where it lies. They are random, and our own: nobody can have them all lie together. */
const TELLING = 5

/**
 * Entries by transaction id. A `Map` in which entries come and go makes a new table for every few dozen of them, and each
 * old one, though garbage, keeps the next alive with all that was in it; here nothing is made but the entries themselves.
 */
export class TransactionTable<E extends Identified<E>> {
  #places: (E | undefined)[] = new Array(PLACES)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(transactionId: string): E | undefined {
    let entry = this.#places[this.#placeOf(transactionId)]
    while (entry !== undefined && entry.transactionId !== transactionId) entry = entry.beside
    return entry
  }

  /** Takes in an entry whose id no other one has. */
  add(entry: E): void {
    if (this.#size === this.#places.length) this.#spread(2 * this.#size)
    this.#size++
    this.#put(entry)
  }

  /** Takes out an entry, if it is there. */
  delete(entry: E): void {
    const place = this.#placeOf(entry.transactionId)
    let before = this.#places[place]
    if (before === entry) {
      this.#places[place] = entry.beside
    } else {
      while (before !== undefined && before.beside !== entry) before = before.beside
      if (before === undefined) return
      before.beside = entry.beside
    }
    entry.beside = undefined
    this.#size--
    if (this.#size === 0 && this.#places.length > PLACES) this.#places = new Array(PLACES)
  }

  #put(entry: E): void {
    const place = this.#placeOf(entry.transactionId)
    entry.beside = this.#places[place]
    this.#places[place] = entry
  }

  #spread(places: number): void {
    const old = this.#places
    this.#places = new Array(places)
    for (const first of old) {
      for (let entry = first; entry !== undefined; ) {
        const { beside }: E = entry
        this.#put(entry)
        entry = beside
      }
    }
  }

  #placeOf(transactionId: string): number {
    let hash = 0
    for (let index = Math.max(0, transactionId.length - TELLING); index < transactionId.length; index++)
      hash = (Math.imul(hash, 31) + transactionId.charCodeAt(index)) | 0
    return hash & (this.#places.length - 1)
  }
}
