import type { Clock } from '../connection/index.ts'
import type { MsrpUri } from '../wire/index.ts'
import { samePath } from '../wire/uri-path.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { LateReader } from './late-reader.ts'
import type { LocalPath } from './local-path.ts'
import type { MsrpSession } from './session.ts'

/**
 * Bytes of a newcomer's requests that are held: what a fast line and the buffers on the way bring before the answer of the
 * one who was asked, which comes behind them on the same connection.
 */
const MOST_HELD = 32 * 1024 * 1024

/** What holding a request costs beside its bytes, about. */
const REQUEST_COST = 1024

/** How long a peer may take to show that it is still there, when another one asks for its place. Milliseconds. */
const PROBE_TIMEOUT = 2_000

/** The one who wants the place of the peer that is there. */
interface Newcomer {
  readonly from: readonly MsrpUri[]
  readonly connection: EndpointConnection
  readonly held: { readonly request: IncomingRequest; readonly reader: LateReader }[]
  bytes: number
  refused: boolean
}

/**
 * Peers that want the place of another one, one at a time. Behind a relay nobody tells that a peer has left, so that it is
 * asked whether it is still there. What the newcomer sends is held meanwhile: behind a relay, which answers for itself, it does
 * not know that it has to wait.
 */
export class Newcomers {
  readonly #path: LocalPath
  readonly #clock: Clock
  #newcomer: Newcomer | undefined

  constructor(path: LocalPath, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  /** Whether a request is from the one who waits. */
  sent({ head }: IncomingRequest, connection: EndpointConnection): boolean {
    const newcomer = this.#newcomer
    return connection === newcomer?.connection && samePath(head.fields.fromPath, newcomer.from)
  }

  /** Takes a request in, to be handed on or refused later; false when somebody else waits already. */
  take(request: IncomingRequest, connection: EndpointConnection, reader: LateReader): boolean {
    const from = request.head.fields.fromPath
    if (this.#newcomer === undefined) {
      this.#newcomer = { from, connection, held: [], bytes: 0, refused: false }
      void this.#decide(this.#newcomer)
    } else if (!this.sent(request, connection)) return false
    const newcomer = this.#newcomer
    newcomer.held.push({ request, reader })
    this.#count(newcomer, request.head.fields.size + REQUEST_COST)
    reader.onHeld = (bytes) => this.#count(newcomer, bytes)
    return true
  }

  async #decide(newcomer: Newcomer): Promise<void> {
    const { from, connection, held } = newcomer
    const path = this.#path
    const live = await Promise.all([...path.sessions].map((session) => isThere(session, this.#clock)))
    this.#newcomer = undefined
    const taken = live.some(Boolean) || path.sessions.size > 0
    if (taken || newcomer.refused || path.closed || !connection.open) {
      refuse(newcomer)
      return
    }
    const session = path.first(from, connection)
    for (const { request, reader } of held.splice(0)) reader.readBy(session.request(request))
  }

  #count(newcomer: Newcomer, bytes: number): void {
    newcomer.bytes += bytes
    if (newcomer.bytes > MOST_HELD) refuse(newcomer)
  }
}

/** It is not let in. */
function refuse(newcomer: Newcomer): void {
  newcomer.refused = true
  for (const { request, reader } of newcomer.held.splice(0)) reader.readBy(request.refuse(506))
}

/** Whether a peer is still there, as far as 2 s can tell: silence counts as yes. If it is not, its session is over. */
async function isThere(session: MsrpSession, clock: Clock): Promise<boolean> {
  const { presence } = session
  const { promise: nothing, resolve } = Promise.withResolvers<undefined>()
  const cancel = clock.after(PROBE_TIMEOUT, () => resolve(undefined))
  const asked = presence.send({ endToEnd: true, failed: (error) => presence.failed(error, false) })
  const error = await Promise.race([nothing, asked, session.closed.then(() => undefined)])
  cancel()
  if (error !== undefined) session.peerLeft()
  return session.state !== 'closed'
}
