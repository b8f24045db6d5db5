import type { Transport } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import type { ListeningSocket, ListenOptions, ListenPlatform } from './platform.ts'

/** A place to listen at, as one local path uses it. */
export interface ListeningPlace {
  /** Stands for the socket: connections that came in through it carry it. */
  readonly socket: object
  /** As peers reach it. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Listens no more when nobody else uses it. */
  release(): Promise<void>
}

interface Shared {
  readonly socket: object
  readonly opening: Promise<ListeningSocket>
  users: number
}

/** The listening sockets of an endpoint: paths with the same host, port and certificate share one. */
export class ListeningSockets {
  readonly #platform: ListenPlatform
  readonly #accept: (transport: Transport, socket: object) => void
  readonly #shared: Map<string, Shared> = new Map()

  constructor(platform: ListenPlatform, accept: (transport: Transport, socket: object) => void) {
    this.#platform = platform
    this.#accept = accept
  }

  /** Listens. @throws MsrpError `unreachable`, `invalid-argument` */
  async use(options: ListenOptions): Promise<ListeningPlace> {
    const { host = '127.0.0.1', port = 0, tls, publicHost, publicPort } = options
    if (publicHost === undefined && /^(0\.0\.0\.0|\[?::\]?|)$/.test(host)) {
      throw new MsrpError(
        'invalid-argument',
        `Peers cannot connect to ${host || 'no host'}: give publicHost, a name or address`,
      )
    }
    const key = JSON.stringify([host, port, String(tls?.cert ?? '')])
    let shared = this.#shared.get(key)
    if (shared === undefined) {
      const socket = { key }
      const opening = this.#platform.listen({ ...options, host, port }, (transport) => this.#accept(transport, socket))
      shared = { socket, opening, users: 0 }
      this.#shared.set(key, shared)
    }
    const used = shared
    used.users++
    const release = async (): Promise<void> => {
      if (--used.users > 0) return
      this.#shared.delete(key)
      const open = await used.opening.catch(() => undefined)
      await open?.close()
    }
    try {
      const listening = await used.opening
      return {
        socket: used.socket,
        host: publicHost ?? host,
        port: publicPort ?? listening.port,
        secure: tls !== undefined,
        release,
      }
    } catch (error) {
      await release()
      throw error
    }
  }
}
