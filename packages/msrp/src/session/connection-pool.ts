import { type Fingerprint, formatFingerprint, type MsrpUri } from '../wire/index.ts'
import { aborted, unlessAborted } from './abortable.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { TlsOptions } from './platform.ts'

/** What may be on the far side of a connection. */
export interface PeerTrust {
  readonly tls: TlsOptions | undefined
  readonly fingerprints: readonly Fingerprint[] | undefined
  /** Where to connect to instead of the target's host and port. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined
}

type Open = (target: MsrpUri, trust: PeerTrust, signal: AbortSignal) => Promise<EndpointConnection>

/**
 * The connections that an endpoint has opened to peers and relays of peers. Sessions to the same scheme, host and port
 * share one (RFC 4975 §5.4); so do those that are being opened.
 */
export class ConnectionPool {
  readonly #open: Open
  readonly #connections: Map<string, Dialing> = new Map()
  readonly #tlsKeys: WeakMap<TlsOptions, number> = new WeakMap()
  #tlsCount = 0

  constructor(open: Open) {
    this.#open = open
  }

  /** A connection to the first URI of a path. Whoever gets it has to `use` it at once. @throws MsrpError */
  async get(target: MsrpUri, trust: PeerTrust, signal: AbortSignal | undefined): Promise<EndpointConnection> {
    if (signal?.aborted) throw aborted(signal)
    // What may be trusted is part of what a connection is.
    const key = `${target.authorityKey};${target.transport};${this.#trustKey(trust)}`
    let dialing = this.#connections.get(key)
    if (dialing === undefined || dialing.dead) {
      const controller = new AbortController()
      const fresh: Dialing = new Dialing(controller, this.#open(target, trust, controller.signal), () => {
        // Another one may have its place by now.
        if (this.#connections.get(key) === fresh) this.#connections.delete(key)
      })
      this.#connections.set(key, fresh)
      dialing = fresh
    }
    return dialing.wait(signal)
  }

  #trustKey({ tls, fingerprints = [], connectTo }: PeerTrust): string {
    const place = connectTo === undefined ? [] : [`${connectTo.host}:${connectTo.port}`]
    return [this.#tlsKey(tls), ...place, ...fingerprints.map(formatFingerprint).sort()].join(' ')
  }

  #tlsKey(tls: TlsOptions | undefined): number {
    if (tls === undefined) return 0
    const known = this.#tlsKeys.get(tls) ?? ++this.#tlsCount
    this.#tlsKeys.set(tls, known)
    return known
  }
}

/** A connection that is being opened, or open, for any number of sessions. */
class Dialing {
  readonly #controller: AbortController
  readonly #promise: Promise<EndpointConnection>
  #waiting = 0
  #connection: EndpointConnection | undefined
  #over = false

  constructor(controller: AbortController, promise: Promise<EndpointConnection>, onOver: () => void) {
    this.#controller = controller
    const over = (): void => {
      if (!this.#over) onOver()
      this.#over = true
    }
    this.#promise = promise.then((connection) => {
      this.#connection = connection
      void connection.gone.then(over)
      return connection
    })
    this.#promise.catch(over)
  }

  get dead(): boolean {
    return this.#over || this.#controller.signal.aborted || this.#connection?.open === false
  }

  /** Gives up opening when the last one that waits does. */
  async wait(signal: AbortSignal | undefined): Promise<EndpointConnection> {
    if (this.#connection !== undefined) return this.#connection
    this.#waiting++
    try {
      return await unlessAborted(this.#promise, signal)
    } finally {
      if (--this.#waiting === 0 && this.#connection === undefined) this.#controller.abort()
    }
  }
}
