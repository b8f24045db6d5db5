import { asMsrpError } from '../wire/as-msrp-error.ts'
import { formatPath, MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { unlessAborted } from './abortable.ts'
import type { PathChange, PreparedSession, Session, SessionEnd } from './api.ts'
import type { LocalPath } from './local-path.ts'
import type { CompleteOptions, PathInput, SessionOptions } from './options.ts'
import { readArgument } from './read-argument.ts'
import type { Way } from './way.ts'

/** What of the peer's description counts for its session. */
const PEER_FACTS = [
  'peerAcceptTypes',
  'peerAcceptWrappedTypes',
  'peerMaxMessageSize',
  'peerFingerprint',
  'envelope',
] as const

/** A local path that waits for its peers: see `PreparedSession`. */
export class Prepared implements PreparedSession {
  onPathChanged: ((change: PathChange) => void) | undefined
  readonly #way: Way
  readonly #local: LocalPath
  readonly #onGone: () => void
  readonly #closed = Promise.withResolvers<SessionEnd>()
  #state: 'open' | 'closed' | 'gone' = 'open'

  /** `onGone`: its last session has ended as well. */
  constructor(way: Way, local: LocalPath, onGone: () => void) {
    this.#way = way
    this.#local = local
    this.#onGone = onGone
    way.begin?.({
      changed: (oldExpiresIn) => inform(() => this.onPathChanged?.({ localPath: this.localPath, oldExpiresIn })),
      lost: (error) => {
        const lost = error ?? new MsrpError('connection-lost', 'The relay closed the connection')
        this.#end({ by: error === undefined ? 'peer' : 'failure', error: lost }, lost)
      },
    })
  }

  get localPath(): string {
    return formatPath(this.#local.path)
  }

  get fingerprints(): readonly string[] {
    return this.#way.fingerprints ?? []
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  async complete(remotePath: PathInput, options: CompleteOptions = {}): Promise<Session> {
    if (this.#state !== 'open') throw over()
    const path = pathOf(remotePath)
    const { active = !this.#way.listens, signal } = options
    const facts = PEER_FACTS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))
    const settings: SessionOptions = { ...this.#local.options, ...Object.fromEntries(facts) }
    this.#way.check(settings, path, active)
    return active ? this.#connect(path, settings, options) : this.#local.expect(path, settings, signal)
  }

  sessions(): AsyncIterableIterator<Session> {
    if (this.#local.open) return this.#local.arrived
    throw new MsrpError('invalid-argument', "Peers come by themselves only with remotePath: 'first'")
  }

  async close(): Promise<void> {
    if (this.#end({ by: 'local' }, over())) await this.#way.close?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Ends the sessions as well. */
  async terminate(): Promise<void> {
    await this.close()
    await Promise.all([...this.#local.sessions].map((session) => session.close()))
  }

  /** Its last session has ended. */
  empty(): void {
    if (this.#state !== 'closed') return
    this.#state = 'gone'
    this.#way.release?.(this.#local.options.closeTimeout)
    this.#onGone()
  }

  #end(end: SessionEnd, error: MsrpError): boolean {
    if (this.#state !== 'open') return false
    this.#state = 'closed'
    this.#closed.resolve(end)
    this.#local.close(error)
    return true
  }

  async #connect(path: readonly MsrpUri[], options: SessionOptions, how: CompleteOptions): Promise<Session> {
    const session = await this.#way.connect(path, options, how, (connection) =>
      this.#local.start(path, options, connection),
    )
    const ended = session.closed.then(({ error }) => Promise.reject(error ?? closedEarly()))
    try {
      await unlessAborted(Promise.race([session.bind(), ended]), how.signal)
      return session
    } catch (error) {
      const failure = asMsrpError(error, 'internal', 'The session could not begin')
      session.drop(failure)
      throw failure
    }
  }
}

/** Reads a path. @throws MsrpError `invalid-argument` naming what is wrong with it */
export function pathOf(input: PathInput): MsrpUri[] {
  return readArgument('The path of the peer', () => {
    const path = parsePath([input].flat().join(' '))
    for (const uri of path) {
      if (uri.sessionId === undefined) throw new MsrpError('malformed', `${uri} has no session-id`)
    }
    return path
  })
}

function over(): MsrpError {
  return new MsrpError('closed', 'The local path is given up')
}

function closedEarly(): MsrpError {
  return new MsrpError('connection-lost', 'The peer closed the connection before it answered')
}
