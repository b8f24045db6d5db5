import type { RelayConnection } from './relay-connection.ts'

/** All connections to other relays, by the names that these have proved (RFC 4976 §6.3). */
export class ConnectionsByRelay {
  readonly #byName: Map<string, Set<RelayConnection>> = new Map()

  add(connection: RelayConnection): void {
    for (const name of connection.relayNames) {
      const known = this.#byName.get(name) ?? new Set()
      this.#byName.set(name, known.add(connection))
    }
  }

  delete(connection: RelayConnection): void {
    for (const name of connection.relayNames) {
      const known = this.#byName.get(name)
      known?.delete(connection)
      if (known?.size === 0) this.#byName.delete(name)
    }
  }

  /** A connection over which the relay of that name can be reached. */
  find(name: string): RelayConnection | undefined {
    for (const each of this.#byName.get(name) ?? []) if (each.connection.open) return each
    return undefined
  }
}
