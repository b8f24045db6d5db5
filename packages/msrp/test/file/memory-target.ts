import type { ArrivedFacts, FileTarget } from '../../src/file/index.ts'

/** A place for a file in memory that remembers what became of it. */
export class MemoryTarget implements FileTarget {
  state: 'open' | 'finished' | 'discarded' | 'suspended' = 'open'
  facts: ArrivedFacts = {}
  bytes: Uint8Array
  readonly stored: number
  read?: (position: number, length: number) => Promise<Uint8Array>

  constructor(options: { stored?: Uint8Array; readable?: boolean } = {}) {
    this.bytes = options.stored ?? new Uint8Array(0)
    this.stored = this.bytes.length
    if (options.readable ?? true) this.read = async (position, length) => this.bytes.slice(position, position + length)
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    const end = position + bytes.length
    if (end > this.bytes.length) {
      const grown = new Uint8Array(end)
      grown.set(this.bytes)
      this.bytes = grown
    }
    this.bytes.set(bytes, position)
  }

  async finish(_size: number, facts: ArrivedFacts): Promise<string> {
    this.state = 'finished'
    this.facts = facts
    return 'memory'
  }

  async suspend(): Promise<void> {
    this.state = 'suspended'
  }

  async discard(): Promise<void> {
    this.state = 'discarded'
    this.bytes = new Uint8Array(0)
  }
}
