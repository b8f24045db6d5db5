import type { WireObserver } from 'msrp/connection'
import type { AccountingCounts } from '../accounting/accounting.ts'
import type { ConnectionsByProtocol } from '../forwarding/connection-totals.ts'
import type { Counters } from '../forwarding/counters.ts'
import type { RelayConnection } from '../forwarding/relay-connection.ts'
import type { SessionFacts } from '../forwarding/session-facts.ts'

/** What of a relay the admin port shows, and does to it: see `Relay`. */
export interface AdministeredRelay {
  readonly counters: Counters
  readonly traffic: ConnectionsByProtocol
  readonly tokens: number
  readonly buffered: number
  sessions(): Iterable<SessionFacts>
  sessionWith(sessionId: string): { readonly id: string; readonly account: string } | undefined
  endSessions(which: (id: string, account: string) => boolean): number
  observe(observer: ((connection: RelayConnection) => WireObserver) | undefined): void
}

/** Everything that the admin port has to do with. */
export interface Administered {
  readonly version: string
  /** When the process started, in seconds since 1970. */
  readonly started: number
  /** Undefined until the relay runs. */
  readonly relay: AdministeredRelay | undefined
  readonly state: 'starting' | 'running' | 'draining'
  /** The setting `total_buffer`, in bytes. */
  readonly bufferLimit: number
  /** When the certificate runs out, in seconds since 1970. */
  readonly certificateExpires: number | undefined
  /** By the place where records go. */
  readonly accounting: ReadonlyMap<string, AccountingCounts>
  /** Rejects when users cannot be looked up. */
  checkUsers(): Promise<void>
  /** Reads the configuration again; rejects, and changes nothing, when that is wrong. Undefined where it cannot. */
  readonly reload?: (() => Promise<readonly string[]>) | undefined
  /** Begins to stop in order; undefined where it cannot. */
  readonly drain?: (() => void) | undefined
}
