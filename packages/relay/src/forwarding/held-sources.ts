import type { RelayConnection } from './relay-connection.ts'

/**
 * Bytes that may wait for the far end before those who send them are not read. What they have sent by then, a read at
 * most, has room as well: it need not be copied to wait elsewhere.
 */
const ENOUGH = 160 * 1024

/** Connections that are not read until the far end of another one has taken what waits for it. */
export class HeldSources {
  readonly #sink: RelayConnection
  #held: { readonly source: RelayConnection; readonly until: number }[] = []

  constructor(sink: RelayConnection) {
    this.#sink = sink
  }

  /** What comes from `source` leaves by the sink: it is not read on while more waits than the far end takes. */
  hold(source: RelayConnection): void {
    const { connection } = this.#sink
    const { bufferedBytes } = connection.transport
    if (bufferedBytes < ENOUGH || source.shared || !connection.open) return
    if (this.#held.some((held) => held.source === source)) return
    this.#held.push({ source, until: connection.takenBytes + bufferedBytes })
    source.pauseReading(this)
  }

  /** Nothing that comes from `source` waits here any more, or others would wait with it. */
  letGo(source: RelayConnection): void {
    if (this.#held.length === 0) return
    this.#held = this.#held.filter((held) => held.source !== source)
    source.resumeReading(this)
  }

  /** What waited when a source was held has been taken, whatever others have sent since. */
  taken(): void {
    if (this.#held.length === 0) return
    const { takenBytes } = this.#sink.connection
    for (const { source, until } of this.#held) if (until <= takenBytes) this.letGo(source)
  }

  /** The sink is gone. */
  end(): void {
    for (const { source } of this.#held) this.letGo(source)
  }
}
