import type { FileSelector } from './file-selector.ts'
import { sameFile } from './selection.ts'

/** The ids of so many transfers are remembered; a peer that makes more of them in one negotiation only repeats itself. */
const MOST = 4096

/** Which transfers a negotiation has seen (RFC 5547 §8.1). */
export class TransferIds {
  readonly #selectors: Map<string, FileSelector> = new Map()

  /** What an id and a selector mean together: the table of RFC 5547 §8.1. */
  meaning(id: string, selector: FileSelector): 'new' | 'repeated' | 'error' {
    const known = this.#selectors.get(id)
    if (known === undefined) return 'new'
    return sameFile(known, selector) ? 'repeated' : 'error'
  }

  add(id: string, selector: FileSelector): void {
    this.#selectors.set(id, selector)
    const [oldest] = this.#selectors.keys()
    if (this.#selectors.size > MOST && oldest !== undefined) this.#selectors.delete(oldest)
  }
}
