/** Finds the requests that wait by their ids; a `Map` will do. */
export interface RequestTable<E> {
  readonly size: number
  get(transactionId: string): E | undefined
  set(transactionId: string, entry: E): unknown
  delete(transactionId: string): unknown
}

/** Makes one. */
export type OpenTable = new <E extends Identified<E>>() => RequestTable<E>

/** What a `TransactionTable` holds. */
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
export class TransactionTable<E extends Identified<E>> implements RequestTable<E> {
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

  /** Takes in an entry, whose id no other one has. */
  set(_transactionId: string, entry: E): void {
    if (this.#size === this.#places.length) this.#spread(2 * this.#size)
    this.#size++
    this.#put(entry)
  }

  /** Takes out the entry with this id, if it is there. */
  delete(transactionId: string): void {
    const place = this.#placeOf(transactionId)
    let before: E | undefined
    let entry = this.#places[place]
    while (entry !== undefined && entry.transactionId !== transactionId) {
      before = entry
      entry = entry.beside
    }
    if (entry === undefined) return
    if (before === undefined) this.#places[place] = entry.beside
    else before.beside = entry.beside
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
