import type { Clock } from '../connection/index.ts'
import type { Session } from '../session/api.ts'
import type { CompleteOptions } from '../session/options.ts'
import { type PeerFacts, peerSays } from '../session/peer-facts.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError } from '../wire/index.ts'
import type { LocalAddress } from './local-address.ts'

/** How a session is begun. */
export interface AttemptOptions {
  readonly address: LocalAddress
  readonly remotePath: string
  readonly complete: CompleteOptions & { readonly active: boolean }
  /** The peer may not have read our answer yet. */
  readonly early: boolean
  /** Milliseconds. */
  readonly patience?: number | undefined
  /** What connecting waits for. */
  readonly connectAfter: Promise<unknown> | undefined
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
}

/** Longest pause before we connect again when the offerer, who had not read our answer yet, knew no such session. Milliseconds. */
const LONGEST_PAUSE = 3_200
/** How long all pauses together are, unless the application knows better. Milliseconds. */
const PATIENCE = 6_300

/**
 * Behind a relay the session seems to be open before the offerer refuses it in a REPORT: with `patience` we wait so long for
 * that. Milliseconds.
 */
const REFUSED_WITHIN = 1_000

/** A session between two paths that is there, or on its way. */
export class Attempt {
  readonly localPath: string
  readonly remotePath: string
  readonly active: boolean
  readonly #options: AttemptOptions
  readonly #controller: AbortController = new AbortController()
  #session: Session | undefined
  /** What the peer has said since. */
  #facts: PeerFacts | undefined
  #over = false

  constructor(options: AttemptOptions) {
    this.#options = options
    this.localPath = options.address.path
    this.remotePath = options.remotePath
    this.active = options.complete.active
  }

  /** Once it is there. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Whether it has ended, or did not come about. */
  get over(): boolean {
    return this.#over
  }

  /** What the peer takes from now on. */
  peerSays(facts: PeerFacts): void {
    this.#facts = facts
    if (this.#session !== undefined) peerSays(this.#session, facts)
  }

  /** Gives up what is on its way. */
  abort(): void {
    this.#controller.abort()
  }

  /** @throws MsrpError as `complete` */
  async open(): Promise<Session> {
    const { connectAfter, signal: outer } = this.#options
    const inner = this.#controller.signal
    const signal = outer === undefined ? inner : AbortSignal.any([outer, inner])
    try {
      if (this.active) await connectAfter
      signal.throwIfAborted()
      const session = await this.#connect(signal)
      this.#session = session
      if (this.#facts !== undefined) peerSays(session, this.#facts)
      void session.closed.then(() => {
        this.#over = true
      })
      return session
    } catch (error) {
      this.#over = true
      // What a signal gives as its reason can be anything.
      throw asMsrpError(error, 'aborted', 'The session was given up')
    }
  }

  /** The offerer waits for us as soon as it has read our answer: what comes before that it cannot know (481). */
  async #connect(signal: AbortSignal): Promise<Session> {
    const { address, complete, early, patience } = this.#options
    const options = { ...complete, signal }
    for (const pause of early ? pausesIn(patience) : []) {
      try {
        const session = await address.prepared.complete(this.remotePath, options)
        if (patience !== undefined && this.remotePath.includes(' ')) await this.#stays(session, signal)
        return session
      } catch (error) {
        if (!(error instanceof MsrpError) || error.status !== 481) throw error
        await this.#pause(pause, signal)
      }
    }
    return address.prepared.complete(this.remotePath, options)
  }

  /** @throws MsrpError with the status by which it was refused */
  async #stays({ closed }: Session, signal: AbortSignal): Promise<void> {
    const end = await Promise.race([closed, this.#pause(REFUSED_WITHIN, signal)])
    if (end?.error?.status === 481) throw end.error
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(milliseconds, resolve)
    const onAbort = (): void => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', onAbort)
    await promise
    signal.removeEventListener('abort', onAbort)
    signal.throwIfAborted()
  }
}

/** Pauses of which each is twice the one before, up to the longest, as many as fit. */
function* pausesIn(patience = PATIENCE): Generator<number, void> {
  for (let [pause, sum] = [100, 100]; sum <= patience; sum += pause) {
    yield pause
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
}
