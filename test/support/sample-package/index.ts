/** What the test of the reference reads. It is not run. */

import type { Letter } from './letter.ts'

export type { Letter, Sender as Writer } from './letter.ts'

/** Sends a `Letter`, see `Post.box`. @throws MsrpError `refused` when it is < 1 gram */
export declare function send(letter: Letter, urgent?: boolean): Promise<Post>
/** Sends many. */
export declare function send(letters: readonly Letter[]): Promise<Post>

/** Where letters go. */
export class Post implements Iterable<Letter> {
  readonly #letters: Letter[] = []
  /** How many. */
  get size(): number {
    return this.#letters.length
  }
  /** Called for each. */
  onLetter: ((letter: Letter) => void) | undefined

  constructor(first: Letter) {
    this.#letters.push(first)
  }

  /** A place for them. */
  static box(name: string): Post
  static box(name: string, size: number): Post
  static box(): Post {
    return new Post({ kind: 'open', text: '' })
  }

  [Symbol.iterator](): Iterator<Letter> {
    return this.#letters[Symbol.iterator]()
  }
}

/** What a `Post` gives. It makes them itself. */
export class Receipt {
  readonly number: number

  constructor(secret: Secret) {
    this.number = secret.length
  }

  protected known(secret: Secret): boolean {
    return secret.length === this.number
  }
}

type Secret = string

export const LARGEST = 100
