import { asMsrpError } from '../wire/as-msrp-error.ts'
import { formatPath, MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { PathChange, PreparedSession, Session, SessionEnd } from './api.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { ConnectionUser } from './endpoint-connection.ts'
import type { ListeningPlace } from './listening-sockets.ts'
import type { LocalPath } from './local-path.ts'
import type { CompleteOptions, PathInput, SessionOptions } from './options.ts'
import { loadFor } from './parts.ts'
import type { Platform, TlsOptions } from './platform.ts'
import type { RelayPath } from './relay-path.ts'
import type { MsrpSession } from './session.ts'

/** What a local path lives on. */
export interface PreparedParts {
  readonly platform: Platform
  readonly direct: DirectPeers | undefined
  readonly local: LocalPath
  readonly tls: TlsOptions | undefined
  readonly place: ListeningPlace | undefined
  readonly relay: RelayPath | undefined
  /** Of our certificate. */
  readonly fingerprints: readonly string[]
  /** It is over, and so are its sessions. */
  over(): void
}

/** A local path that waits for its peers: see `PreparedSession`. */
export class Prepared implements PreparedSession, ConnectionUser {
  onPathChanged: ((change: PathChange) => void) | undefined
  readonly #parts: PreparedParts
  readonly #closed = Promise.withResolvers<SessionEnd>()
  readonly #gone = Promise.withResolvers<void>()
  #state: 'open' | 'closed' | 'gone' = 'open'

  constructor(parts: PreparedParts) {
    this.#parts = parts
    const { relay, local, platform } = parts
    if (relay === undefined) return
    local.relays = relay.registration.usePath
    relay.connection.use(this)
    relay.registration.onPathChanged = ({ usePath, previousExpiresAt }) => {
      local.relays = usePath
      const oldExpiresIn = Math.max(0, previousExpiresAt - platform.clock.now())
      this.onPathChanged?.({ localPath: this.localPath, oldExpiresIn })
    }
    // Nothing reaches us through a relay that has forgotten our path.
    relay.registration.onLost = (error) => relay.connection.msrp.fail(error)
  }

  get localPath(): string {
    return formatPath(this.#parts.local.path)
  }

  get fingerprints(): readonly string[] {
    return this.#parts.fingerprints
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  /** Resolves when its last session has ended as well. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  async complete(remotePath: PathInput, options: CompleteOptions = {}): Promise<Session> {
    const { direct, local, place, platform, relay } = this.#parts
    if (this.#state !== 'open') throw new MsrpError('closed', 'The local path is given up')
    const path = pathOf(remotePath)
    const { active = place === undefined, envelope, signal } = options
    if (envelope !== undefined) await loadFor({ envelope }, platform.parts)
    const settings: SessionOptions = { ...local.options, ...peerFacts(options) }
    direct?.checkFingerprint(settings.peerFingerprint, {
      relayed: relay !== undefined || path.length > 1,
      secure: active ? path[0]?.secure === true : place?.secure === true,
    })
    if (active) return this.#connect(path, settings, options)
    if (place === undefined && relay === undefined) {
      throw new MsrpError('invalid-argument', 'A peer can only come when there is a listening socket or a relay')
    }
    return local.expect(path, settings, signal)
  }

  sessions(): AsyncIterableIterator<Session> {
    if (!this.#parts.local.open) {
      throw new MsrpError('invalid-argument', "Peers come by themselves only with remotePath: 'first'")
    }
    return this.#parts.local.arrived
  }

  async close(): Promise<void> {
    const { place } = this.#parts
    if (this.#end({ by: 'local' }, new MsrpError('closed', 'The local path is given up'))) await place?.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The relay's connection is gone, and with it the path. */
  connectionClosed(error: MsrpError | undefined): void {
    const lost = error ?? new MsrpError('connection-lost', 'The relay closed the connection')
    this.#end({ by: error === undefined ? 'peer' : 'failure', error: lost }, lost)
  }

  /** Ends the sessions as well. */
  async terminate(): Promise<void> {
    await this.close()
    await Promise.all([...this.#parts.local.sessions].map((session) => session.close()))
  }

  /** Its last session has ended. */
  empty(): void {
    if (this.#state !== 'closed') return
    this.#state = 'gone'
    const { relay } = this.#parts
    relay?.registration.stop()
    relay?.connection.release(this)
    this.#parts.over()
    this.#gone.resolve()
  }

  #end(end: SessionEnd, error: MsrpError): boolean {
    if (this.#state !== 'open') return false
    this.#state = 'closed'
    this.#closed.resolve(end)
    this.#parts.local.close(error)
    return true
  }

  async #connect(path: readonly MsrpUri[], options: SessionOptions, how: CompleteOptions): Promise<Session> {
    const { signal } = how
    const session = await this.#start(path, options, how)
    const giveUp = new MsrpError('aborted', 'Connecting was given up', { cause: signal?.reason })
    const onAbort = (): void => session.drop(giveUp)
    signal?.addEventListener('abort', onAbort)
    try {
      if (signal?.aborted) throw giveUp
      await Promise.race([session.bind(), session.closed.then(({ error }) => Promise.reject(error ?? closedEarly()))])
      return session
    } catch (error) {
      const failure = asMsrpError(error, 'internal', 'The session could not begin')
      session.drop(failure)
      throw failure
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A session on the relay's connection, or on one to the first URI of the peer's path. */
  async #start(
    path: readonly MsrpUri[],
    options: SessionOptions,
    { connectTo, signal }: CompleteOptions,
  ): Promise<MsrpSession> {
    const { direct, local, relay, tls } = this.#parts
    if (relay !== undefined) return local.start(path, options, relay.connection)
    const { peerFingerprint } = options
    const session = await direct?.connect(path, { tls, peerFingerprint, connectTo }, signal, (connection) =>
      local.start(path, options, connection),
    )
    if (session === undefined) throw new MsrpError('internal', 'There is no way to the peer')
    return session
  }
}

/** Reads a path. @throws MsrpError `invalid-argument` naming what is wrong with it */
export function pathOf(input: PathInput): MsrpUri[] {
  try {
    const path = parsePath(typeof input === 'string' ? input : input.join(' '))
    for (const uri of path) {
      if (uri.sessionId === undefined) throw new MsrpError('malformed', `${uri} has no session-id`)
    }
    return path
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `The path of the peer cannot be used: ${error.message}`, { cause: error })
  }
}

function peerFacts(options: CompleteOptions): SessionOptions {
  const { peerAcceptTypes, peerAcceptWrappedTypes, peerMaxMessageSize, peerFingerprint, envelope } = options
  return {
    ...(peerFingerprint === undefined ? {} : { peerFingerprint }),
    ...(envelope === undefined ? {} : { envelope }),
    ...(peerAcceptTypes === undefined ? {} : { peerAcceptTypes }),
    ...(peerAcceptWrappedTypes === undefined ? {} : { peerAcceptWrappedTypes }),
    ...(peerMaxMessageSize === undefined ? {} : { peerMaxMessageSize }),
  }
}

function closedEarly(): MsrpError {
  return new MsrpError('connection-lost', 'The peer closed the connection before it answered')
}
