import type { ContinuationFlag, MsrpUri } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'

/**
 * Bytes of a newcomer's requests that are held: what a fast line and the buffers on the way bring before the answer of the
 * one who was asked, which comes behind them on the same connection.
 */
const MOST_HELD = 32 * 1024 * 1024

interface Held {
  readonly request: IncomingRequest
  pieces: Uint8Array[]
  flag: ContinuationFlag | undefined
  /** Takes what is still to come, once it is decided. */
  reader: RequestReader | undefined
}

/**
 * A peer that wants the place of another one, while that one is asked whether it is still there. What the newcomer sends is
 * held meanwhile: behind a relay, which answers for itself, it does not know that it has to wait.
 */
export class Newcomer {
  readonly #from: readonly MsrpUri[]
  readonly #connection: EndpointConnection
  readonly #held: Held[] = []
  #bytes = 0
  #refused = false

  constructor(from: readonly MsrpUri[], connection: EndpointConnection) {
    this.#from = from
    this.#connection = connection
  }

  /** Whether a request is from the newcomer. */
  sent(request: IncomingRequest, connection: EndpointConnection): boolean {
    const { fromPath } = request.head.fields
    return (
      connection === this.#connection &&
      fromPath.length === this.#from.length &&
      fromPath.every((uri, index) => this.#from[index]?.equals(uri))
    )
  }

  /** Takes a request in, to be handed on or refused later. */
  hold(request: IncomingRequest): RequestReader {
    const held: Held = { request, pieces: [], flag: undefined, reader: undefined }
    this.#held.push(held)
    this.#count(request.head.fields.size)
    return {
      body: (bytes) => {
        if (held.reader !== undefined) {
          held.reader.body(bytes)
          return
        }
        held.pieces.push(new Uint8Array(bytes))
        this.#count(bytes.byteLength)
      },
      end: (flag) => {
        if (held.reader === undefined) held.flag = flag
        else held.reader.end(flag)
      },
    }
  }

  /** It is let in: `take` begins to read each request that was held, in their order. */
  admit(take: (request: IncomingRequest) => RequestReader): void {
    for (const held of this.#held.splice(0)) {
      const reader = take(held.request)
      held.reader = reader
      for (const piece of held.pieces) reader.body(piece)
      held.pieces = []
      if (held.flag !== undefined) reader.end(held.flag)
    }
  }

  /** It is not let in. */
  refuse(): void {
    this.#refused = true
    for (const held of this.#held.splice(0)) {
      held.request.respond(506)
      held.pieces = []
      held.reader = IGNORED
    }
  }

  get refused(): boolean {
    return this.#refused
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > MOST_HELD) this.refuse()
  }
}
