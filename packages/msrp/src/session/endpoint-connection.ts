import {
  type Cancel,
  MsrpConnection,
  type MsrpConnectionHandler,
  type Transport,
  type WireObserver,
} from '../connection/index.ts'
import { type ContinuationFlag, MsrpError, type RequestHead, type ResponseHead } from '../wire/index.ts'
import { IGNORED, IncomingRequest, type RequestReader } from './incoming-request.ts'
import { loadedBefore } from './later.ts'
import type { EndpointLimits } from './options.ts'
import type { PendingRequest } from './pending-request.ts'
import type { Platform } from './platform.ts'
import type { StallWatch } from './stall-watch.ts'

/** How long what is queued may take to go out when a connection is closed, unless said otherwise. Milliseconds. */
const CLOSE_TIMEOUT = 5_000

/** Who uses a connection: a session, or a path through a relay. */
export interface ConnectionUser {
  /** The connection is gone; without error when the far side closed it in order. */
  connectionClosed(error: MsrpError | undefined): void
}

/** A connection of an endpoint, and who uses it. When the last one lets go, it is closed (RFC 4975 §5.4). */
export class EndpointConnection implements MsrpConnectionHandler<PendingRequest> {
  readonly msrp: MsrpConnection<PendingRequest>
  /** The listening socket that it came in through; undefined when we opened it. */
  readonly socket: object | undefined
  readonly #platform: Platform
  readonly #route: (request: IncomingRequest, connection: EndpointConnection) => RequestReader
  readonly #onClosed: (connection: EndpointConnection) => void
  readonly #users: Set<ConnectionUser> = new Set()
  readonly #gone = Promise.withResolvers<void>()
  readonly #stall: StallWatch | undefined
  #reader: RequestReader = IGNORED
  #timer: Cancel | undefined

  constructor(options: {
    platform: Platform
    transport: Transport
    observer?: WireObserver | undefined
    socket?: object | undefined
    route: (request: IncomingRequest, connection: EndpointConnection) => RequestReader
    onClosed: (connection: EndpointConnection) => void
    stallTimeout?: number | undefined
    limits: EndpointLimits
  }) {
    const { platform, transport, limits, stallTimeout } = options
    this.socket = options.socket
    this.#platform = platform
    this.#route = options.route
    this.#onClosed = options.onClosed
    this.msrp = new MsrpConnection({
      transport,
      clock: platform.clock,
      random: platform.random,
      reader: platform.reader,
      table: platform.requestTable,
      handler: this,
      limits: limits.parser,
      observer: options.observer,
    })
    if (stallTimeout !== undefined) {
      this.#stall = new (loadedBefore(platform.parts.options).StallWatch)(
        platform.clock,
        stallTimeout,
        this.msrp,
        () => {
          const text = `${transport.description} has neither taken nor sent anything for ${stallTimeout} ms, while bytes wait`
          this.msrp.fail(new MsrpError('connection-lost', text))
        },
      )
    }
    this.msrp.stranger = this.inbound
    if (this.inbound) this.#timer = platform.clock.after(limits.unboundTimeout, () => this.msrp.fail(undefined))
    this.msrp.start()
  }

  /** The far side opened it. */
  get inbound(): boolean {
    return this.socket !== undefined
  }

  /** Somebody uses it. */
  get used(): boolean {
    return this.#users.size > 0
  }

  get open(): boolean {
    return this.msrp.open
  }

  /** Resolves when the connection is gone. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  use(user: ConnectionUser): void {
    this.#users.add(user)
    this.msrp.stranger = false
    this.#timer?.()
    this.#timer = undefined
  }

  /** Lets go; the last one closes it, as `close` does. */
  release(user: ConnectionUser, timeout?: number): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.close(timeout)
  }

  /** Closes it once what is queued is out, or after `timeout` milliseconds at the latest. */
  close(timeout: number = CLOSE_TIMEOUT): void {
    if (!this.msrp.open) return
    this.msrp.close()
    this.#timer?.()
    this.#timer = this.#platform.clock.after(timeout, () => this.msrp.fail(undefined))
  }

  // ---- what the connection tells: see MsrpConnectionHandler

  request(head: RequestHead): void {
    this.#reader = this.#route(new IncomingRequest(head, this.msrp), this)
  }

  requestBody(bytes: Uint8Array): void {
    this.#reader.body(bytes)
  }

  requestEnd(flag: ContinuationFlag): void {
    const reader = this.#reader
    this.#reader = IGNORED
    reader.end(flag)
  }

  response(head: ResponseHead, pending: PendingRequest): void {
    pending.answered(head)
  }

  timeout(pending: PendingRequest): void {
    pending.timedOut()
  }

  unsent(pending: PendingRequest): void {
    pending.lost(new MsrpError('connection-lost', 'The connection was closed before the request could be sent'))
  }

  taken(): void {
    this.#stall?.look()
  }

  closed(error: MsrpError | undefined, unanswered: PendingRequest[]): void {
    this.#timer?.()
    this.#stall?.stop()
    for (const pending of unanswered) pending.lost(error)
    for (const user of [...this.#users]) user.connectionClosed(error)
    this.#users.clear()
    this.#onClosed(this)
    this.#gone.resolve()
  }
}
