import type { PathChange, PreparedSession } from '../session/api.ts'
import type { PrepareOptions } from '../session/options.ts'
import { newInvalidHost } from '../wire/ident.ts'
import { newSessionId, parsePath, type RandomBytes } from '../wire/index.ts'
import { DISCARD_PORT } from './address-matching.ts'
import type { MediaWishes, Preparing } from './api.ts'
import { connectsOverTls } from './transport.ts'

/** A path of ours that stands in descriptions; dialogs that began with the same offer share it (RFC 4975 §8.8). */
export class LocalAddress {
  readonly #prepared: PreparedSession
  /** Whether peers can come to it. */
  readonly reachable: boolean
  readonly #watchers: Set<(change: PathChange) => void> = new Set()
  #users = 1
  #dead = false

  private constructor(prepared: PreparedSession, reachable: boolean) {
    this.#prepared = prepared
    this.reachable = reachable
    prepared.onPathChanged = (change) => {
      for (const watcher of this.#watchers) watcher(change)
    }
    void prepared.closed.then(() => {
      this.#dead = true
    })
  }

  /**
   * Makes one: with the relay or the listening socket that are wished for, or for connecting only.
   * @param secure whether it begins with `msrps`, where it leads through no relay; undefined for what the wishes say
   * @throws MsrpError as `prepare`
   */
  static async make(
    endpoint: Preparing,
    wishes: MediaWishes,
    use: { toConnect: boolean; secure: boolean | undefined; random: RandomBytes; signal: AbortSignal | undefined },
  ): Promise<LocalAddress> {
    const { toConnect, secure = connectsOverTls(wishes), signal } = use
    const options = sessionOptions(wishes)
    if (wishes.relay !== undefined) {
      return new LocalAddress(await endpoint.prepare({ ...options, relay: wishes.relay, signal }), true)
    }
    if (wishes.listen !== undefined && !toConnect) {
      const { tls, ...place } = wishes.listen
      const listen = tls === undefined || use.secure === false ? place : wishes.listen
      return new LocalAddress(await endpoint.prepare({ ...options, listen, signal }), true)
    }
    const local = wishes.local ?? unreachableUri(secure, use.random)
    return new LocalAddress(await endpoint.prepare({ ...options, local, signal }), false)
  }

  get path(): string {
    return this.#prepared.localPath
  }

  get prepared(): PreparedSession {
    return this.#prepared
  }

  /** Whether it has come to an end, as a path through a relay does whose connection is lost. */
  get dead(): boolean {
    return this.#dead
  }

  /** Whether the next hop to us is reached by TLS. */
  get secure(): boolean {
    return parsePath(this.path)[0]?.secure === true
  }

  share(): this {
    this.#users++
    return this
  }

  watch(watcher: (change: PathChange) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Sessions on it go on. */
  release(): void {
    if (--this.#users === 0) void this.#prepared.close()
  }
}

/** What is no business of descriptions. */
function sessionOptions(wishes: MediaWishes): PrepareOptions {
  const {
    direction,
    acceptWrappedTypes,
    chatroom,
    cema,
    setup,
    secure,
    attributes,
    information,
    listen,
    relay,
    ...rest
  } = wishes
  // Without containers nobody looks inside: the list tells the peer then, and no more.
  return acceptWrappedTypes === undefined || !rest.containers?.length ? rest : { ...rest, acceptWrappedTypes }
}

/** RFC 4145 §4.1: who only connects writes port 9. */
function unreachableUri(secure: boolean, random: RandomBytes): string {
  return `${secure ? 'msrps' : 'msrp'}://${newInvalidHost(random)}:${DISCARD_PORT}/${newSessionId(random)};tcp`
}
