import type { Cancel } from '../connection/index.ts'
import { MsrpError, type MsrpUri, newMessageId } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { Platform } from './platform.ts'
import { RecentIds } from './recent-ids.ts'
import { refusal } from './refusal.ts'
import { encodeBodiless } from './report.ts'
import type { SessionCounts } from './statistics.ts'

/** How long a peer may take to show that it is still there, when another one asks for its place. Milliseconds. */
const PROBE_TIMEOUT = 2_000

/** The session whose peer is in question. */
export interface PresenceRoom {
  readonly platform: Platform
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  readonly counts: SessionCounts
  /** The connection at present. */
  connection(): EndpointConnection
  /** The peer is not there, or knows nothing of the session. */
  gone(error: MsrpError): void
}

/** SENDs without body, which are no messages: the first one that binds the connection, keep-alives, and probes. */
export class Presence {
  readonly #room: PresenceRoom
  /** The latest ones, by Message-ID: a relay answers 200 and may find out later, by REPORT, that there is nobody. */
  readonly #sent: RecentIds<{ number: number; settle: (error: MsrpError | undefined) => void }> = new RecentIds(8)
  readonly #over = Promise.withResolvers<MsrpError>()
  /** How many have gone out. */
  #count = 0
  /** How many had gone out when it last turned out that one was in vain: if the one after that is, too, nobody is there. */
  #doubted: number | undefined
  #timer: Cancel | undefined
  #lastKeepAlive = Number.NEGATIVE_INFINITY

  constructor(room: PresenceRoom) {
    this.#room = room
  }

  /** The active side's first request (RFC 4975 §5.4). Rejects when it is refused or not answered. */
  async bind(): Promise<void> {
    // Nobody has shown to be there yet: this one is enough.
    this.#doubted = 0
    const error = await this.#send(false)
    if (error !== undefined) throw error
  }

  /** Whether the peer is there, as far as 2 s can tell: silence counts as yes. */
  async probe(): Promise<boolean> {
    const { clock } = this.#room.platform
    const { promise, resolve } = Promise.withResolvers<MsrpError | undefined>()
    const cancel = clock.after(PROBE_TIMEOUT, () => resolve(undefined))
    const error = await Promise.race([promise, this.#send(true), this.#over.promise])
    cancel()
    return error === undefined
  }

  /**
   * Sends one whenever nothing has come from the far side for so many milliseconds: what we send proves nothing. A peer that
   * does not answer in time may have been stopped for a while, and is asked once more.
   */
  keepAlive(interval: number): void {
    const { clock } = this.#room.platform
    const last = (): number => Math.max(this.#room.connection().msrp.lastHeard, this.#lastKeepAlive)
    this.#timer = clock.after(Math.max(last() + interval - clock.now(), 1), () => {
      if (clock.now() - last() >= interval) {
        this.#lastKeepAlive = clock.now()
        const number = this.#count + 1
        void this.#send(false).then((error) => this.#failed(number, error))
      }
      this.keepAlive(interval)
    })
  }

  /** The session is over: so is every probe, which would keep its timer until then. */
  stop(): void {
    this.#over.resolve(new MsrpError('closed', 'The session is over'))
    this.#timer?.()
  }

  /** A REPORT; false when it is not about one of these. */
  reported(messageId: string, status: number, comment: string): boolean {
    const sent = this.#sent.get(messageId)
    if (sent === undefined) return false
    const error = status < 300 ? undefined : refusal(status, comment, 'The session')
    sent.settle(error)
    // As if the request had been answered so (RFC 4975 §7.3.2), 200 or not before.
    this.#failed(sent.number, error)
    return true
  }

  #failed(number: number, error: MsrpError | undefined): void {
    if (error === undefined) return
    const again = this.#doubted !== undefined && number === this.#doubted + 1
    if (isGone(error) || (error.code === 'timeout' && again)) this.#room.gone(error)
    else if (error.code === 'timeout' && number > (this.#doubted ?? 0)) this.#doubted = this.#count
  }

  /**
   * Resolves with the error when it is refused or not answered, else with nothing. With `endToEnd` a 200 of the next hop
   * is not enough: the peer's REPORT has to come.
   */
  #send(endToEnd: boolean): Promise<MsrpError | undefined> {
    const { platform, toPath, fromPath, counts } = this.#room
    const sentAt = platform.clock.now()
    const connection = this.#room.connection().msrp
    const messageId = newMessageId(platform.random)
    const transactionId = connection.newTransactionId()
    const bytes = encodeBodiless({ transactionId, toPath, fromPath, messageId, successReport: endToEnd })
    const { promise, resolve } = Promise.withResolvers<MsrpError | undefined>()
    this.#sent.set(messageId, { number: ++this.#count, settle: resolve })
    connection.sendRequest(transactionId, bytes, {
      answered: ({ status, comment }) => {
        counts.answeredAfter(platform.clock.now() - sentAt)
        if (status >= 300) resolve(refusal(status, comment, 'The session'))
        else if (!endToEnd) resolve(undefined)
      },
      timedOut: () => resolve(new MsrpError('timeout', 'A request without body was not answered within 30 s')),
      lost: (error) => resolve(error ?? new MsrpError('connection-lost', 'The peer closed the connection')),
    })
    return promise
  }
}

function isGone(error: MsrpError): boolean {
  return error.status === 481 || error.status === 506
}
