import type { Clock } from '../connection/index.ts'
import type { ContinuationFlag, MsrpUri } from '../wire/index.ts'
import { samePath } from '../wire/uri-path.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import type { MsrpSession } from './session.ts'

/**
 * Bytes of a newcomer's requests that are held: what a fast line and the buffers on the way bring before the answer of the
 * one who was asked, which comes behind them on the same connection.
 */
const MOST_HELD = 32 * 1024 * 1024

/** How long a peer may take to show that it is still there, when another one asks for its place. Milliseconds. */
const PROBE_TIMEOUT = 2_000

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
    return connection === this.#connection && samePath(request.head.fields.fromPath, this.#from)
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

/** Whether a peer is still there, as far as 2 s can tell: silence counts as yes. If it is not, its session is over. */
export async function isThere(session: MsrpSession, clock: Clock): Promise<boolean> {
  const { promise: nothing, resolve } = Promise.withResolvers<undefined>()
  const cancel = clock.after(PROBE_TIMEOUT, () => resolve(undefined))
  const { presence } = session
  const asked = presence.send({ endToEnd: true, failed: (error) => presence.failed(error, false) })
  const error = await Promise.race([nothing, asked, session.closed.then(() => undefined)])
  cancel()
  if (error !== undefined) session.peerLeft()
  return session.state !== 'closed'
}
