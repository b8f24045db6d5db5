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

  /** Until `signal` says that there will be no answer: what has none was never there (RFC 3264 §4). */
  add(id: string, selector: FileSelector, signal?: AbortSignal): void {
    signal?.addEventListener('abort', () => this.#selectors.delete(id))
    this.#selectors.set(id, selector)
    const [oldest] = this.#selectors.keys()
    if (this.#selectors.size > MOST && oldest !== undefined) this.#selectors.delete(oldest)
  }
}
