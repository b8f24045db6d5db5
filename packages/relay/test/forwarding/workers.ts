import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { type MemoryPair, memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import type { RelaySettings } from '../../src/forwarding/settings.ts'
import type { SiblingGreeting } from '../../src/forwarding/siblings.ts'
import { Network } from './network.ts'

/** A connection that one worker has made to another. */
export interface SiblingConnection {
  from: number
  to: number
  greeting: SiblingGreeting
  pair: MemoryPair
}

/** A relay of several workers in memory, with one authority for all unless `ports` says otherwise. */
export class Workers {
  readonly clock: FakeClock = new FakeClock()
  readonly workers: readonly Network[]
  /** Every connection between workers so far. */
  readonly connections: SiblingConnection[] = []
  /** Workers that nobody can connect to at present. */
  readonly gone: Set<number> = new Set()

  constructor({ count = 2, ports, ...settings }: Partial<RelaySettings> & { count?: number } = {}) {
    this.workers = Array.from({ length: count }, (_, index) => {
      // The first port is the worker's own, the others those of all.
      const own = ports === undefined ? {} : { ports: [ports[index] ?? 0, 2855, ...ports] }
      const network = new Network({ ...settings, ...own, worker: { index, count } }, this.clock)
      network.onDialSibling = async (to, greeting) => {
        if (this.gone.has(to)) throw new Error('connection refused')
        const pair = memoryPair({ secure: true })
        this.connections.push({ from: index, to, greeting, pair })
        this.workers[to]?.relay.acceptSibling(pair.right, greeting)
        return pair.left
      }
      return network
    })
  }

  /** How many there are of each kind. */
  made(kind: SiblingGreeting['kind']): number {
    return this.connections.filter(({ greeting }) => greeting.kind === kind).length
  }
}
