import { MsrpError } from 'msrp/wire'
import type { RelayConnection } from './relay-connection.ts'

/** Something that waits for a connection. */
export interface Passenger {
  /** The connection is there. */
  board(connection: RelayConnection): void
  /** There will be none. */
  strand(error: MsrpError): void
}

/** A connection from here to a next hop, on its way or there. */
export class NextHop {
  #connection: RelayConnection | undefined
  #failure: MsrpError | undefined
  #waiting: Passenger[] = []

  constructor(dialing: Promise<RelayConnection>) {
    dialing.then(
      (connection) => {
        this.#connection = connection
        for (const passenger of this.#waiting.splice(0)) passenger.board(connection)
      },
      (error) => {
        this.#failure = error instanceof MsrpError ? error : new MsrpError('internal', String(error), { cause: error })
        for (const passenger of this.#waiting.splice(0)) passenger.strand(this.#failure)
      },
    )
  }

  /** The connection, once it is there. */
  get connection(): RelayConnection | undefined {
    return this.#connection
  }

  /** True until the connection failed or broke. */
  get usable(): boolean {
    return this.#failure === undefined && (this.#connection === undefined || this.#connection.connection.open)
  }

  take(passenger: Passenger): void {
    if (this.#connection !== undefined) passenger.board(this.#connection)
    else if (this.#failure !== undefined) passenger.strand(this.#failure)
    else this.#waiting.push(passenger)
  }
}
