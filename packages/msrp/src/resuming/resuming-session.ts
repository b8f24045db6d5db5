import type { Clock } from '../connection/clock.ts'
import { wakefulClock } from '../connection/system-clock.ts'
import type {
  Finished,
  FinishOptions,
  IncomingMessage,
  OutgoingMessage,
  Session,
  SessionEnd,
  SessionStatistics,
} from '../session/api.ts'
import type { MessageBody } from '../session/body.ts'
import { finish } from '../session/finish.ts'
import type { SendOptions } from '../session/options.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError, newSessionId, type RandomBytes } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { systemRandom } from '../wire/system-random.ts'
import { BACK_OFF, type BackOff, checkBackOff, waitBefore } from './back-off.ts'
import { IncomingMessages } from './incoming-messages.ts'
import { isLasting } from './lost.ts'
import type { ResumingEvent, ResumingOptions } from './options.ts'
import { addStatistics, NO_STATISTICS } from './statistics-sum.ts'
import { UnconfirmedMessages } from './unconfirmed-messages.ts'

/** A session that ended sooner than this did not help: the waits before the next attempts go on growing. Milliseconds. */
const STABLE = 10_000

/**
 * A session that outlives its connections (RFC 4975 §5.4): when one is lost it gets another by `next`, and sends again over
 * that what was not confirmed, in order and with the same Message-IDs. Messages that are coming in go on where they broke
 * off, and those that come twice are acknowledged and not shown. What is sent meanwhile waits.
 *
 * `localPath`, `remotePath` and `secure` are those of the latest session. Used like any other `Session`.
 */
export class ResumingSession implements Session {
  readonly resuming = true
  /** Resolves when there is a session for the first time; rejects when it is over before that. */
  readonly opened: Promise<void>
  readonly #options: ResumingOptions
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #resumeKey: string
  readonly #backOff: BackOff
  readonly #within: number
  readonly #incoming: IncomingMessages
  readonly #outgoing: UnconfirmedMessages
  readonly #closed = Promise.withResolvers<SessionEnd>()
  readonly #opened = Promise.withResolvers<void>()
  /** Ends the search for the next session. */
  readonly #over = new AbortController()
  readonly #beganAt: number
  #session: Session | undefined
  #phase: 'connecting' | 'open' | 'reconnecting' | 'closed' = 'connecting'
  #finishing = false
  #closing: Promise<void> | undefined
  /** Ends a wait between attempts. */
  #hurry: (() => void) | undefined
  #attempt = 0
  /** Since when there has been no session that lasted. */
  #lostAt: number
  #losses = 0
  #past: SessionStatistics = NO_STATISTICS

  /** Begins at once to get a session. @throws MsrpError `invalid-argument` */
  constructor(options: ResumingOptions) {
    const { clock = wakefulClock, random = systemRandom, signal } = options
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#resumeKey = newSessionId(random)
    this.#backOff = { ...BACK_OFF, ...options.backOff }
    checkBackOff(this.#backOff)
    this.#within = options.within ?? 300_000
    this.opened = this.#opened.promise
    this.opened.catch(() => {})
    this.#incoming = new IncomingMessages(clock, options.continueWithin ?? 60_000)
    this.#outgoing = new UnconfirmedMessages({
      random,
      queueMessages: options.queue?.messages ?? 1_000,
      queueBytes: options.queue?.bytes ?? 16 * 1024 * 1024,
      streamMemory: options.streamMemory ?? 4 * 1024 * 1024,
      resends: options.resends ?? 5,
      dead: (session, error) => session.drop(error),
    })
    this.#beganAt = clock.now()
    this.#lostAt = this.#beganAt
    const close = (): void => void this.close()
    signal?.addEventListener('abort', close)
    void this.closed.then(() => signal?.removeEventListener('abort', close))
    if (signal?.aborted) close()
    else void this.#run()
  }

  get localPath(): string {
    return this.#session?.localPath ?? ''
  }

  get remotePath(): string {
    return this.#session?.remotePath ?? ''
  }

  get secure(): boolean {
    return this.#session?.secure ?? false
  }

  get state(): 'open' | 'closing' | 'closed' {
    if (this.#phase === 'closed') return 'closed'
    return this.#finishing || this.#closing !== undefined ? 'closing' : 'open'
  }

  /** Whether there is a session at present. */
  get phase(): 'connecting' | 'open' | 'reconnecting' | 'closed' {
    return this.#phase
  }

  /** How often a session was lost. */
  get losses(): number {
    return this.#losses
  }

  /**
   * Those of all its sessions together: what goes out or comes in over two of them counts twice. `roundTrip` and `idle` are the
   * latest one's.
   */
  get statistics(): SessionStatistics {
    const now = this.#phase === 'open' ? this.#session?.statistics : undefined
    const sum = now === undefined ? this.#past : addStatistics(this.#past, now)
    const pending = this.#outgoing.all
    const bytes = pending.reduce((rest, { sent, confirmed }) => rest + Math.max(0, sent - confirmed.bytes), 0)
    return {
      ...sum,
      resentBytes: sum.resentBytes + this.#outgoing.resentBytes,
      unconfirmed: { messages: pending.length, bytes },
      age: this.#clock.now() - this.#beganAt,
    }
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  /** As on any session; while there is none the message waits. Fails with `queue-full` when too much is not confirmed. */
  send(body: MessageBody, options: SendOptions = {}): OutgoingMessage {
    const open = this.state === 'open'
    const message = this.#outgoing.send(body, options, open && this.#phase === 'open' ? this.#session : undefined)
    if (!open) message.fail(over())
    return message
  }

  /** As on any session; while there is none it fails with `connection-lost`. */
  async sendRequest(method: string, fields?: readonly (readonly [name: string, value: string])[]): Promise<void> {
    const session = this.#phase === 'open' ? this.#session : undefined
    if (session === undefined) throw new MsrpError('connection-lost', `There is no session for ${method} at present`)
    await session.sendRequest(method, fields)
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingMessage> {
    return this.#incoming
  }

  /** Takes the session for lost, as after a change of the network, and tries at once to get another one. */
  reconnect(): void {
    this.#attempt = 0
    if (this.#phase === 'open') this.drop()
    else this.#hurry?.()
  }

  /** Takes the session for lost. */
  drop(error?: MsrpError): void {
    this.#session?.drop(error)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  finish({ signal, incoming = false }: FinishOptions = {}): Promise<Finished> {
    this.#finishing = true
    return finish(this, this.#outgoing.all, incoming ? this.#allRead(signal) : undefined, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.#over.abort()
    if (this.#phase === 'open') await this.#session?.close()
    this.#end({ by: 'local' }, over())
  }

  /** What was coming in has come, over whichever session, and has been read. */
  async #allRead(signal: AbortSignal | undefined): Promise<void> {
    await Promise.allSettled(this.#outgoing.all.map(({ delivered }) => delivered))
    await this.#incoming.quiet()
    if (this.#phase === 'open') await this.#session?.finish({ incoming: true, ...(signal && { signal }) })
  }

  /** One session after another. */
  async #run(): Promise<void> {
    for (let error: MsrpError | undefined; ; ) {
      const session = await this.#next(error)
      if (session === undefined) return
      if (this.#over.signal.aborted) {
        await session.close()
        return
      }
      const end = await this.#live(session)
      error = end.error ?? new MsrpError('connection-lost', 'The peer closed the connection')
      if (this.#closing !== undefined) return
      if (end.by === 'local' || this.#options.isLoss?.(end) === false) {
        this.#end(end, error)
        return
      }
      this.#losses++
      this.#phase = 'reconnecting'
      this.#tell({ kind: 'lost', error })
    }
  }

  /** Uses a session until it ends. */
  async #live(session: Session): Promise<SessionEnd> {
    const openedAt = this.#clock.now()
    this.#session = session
    this.#phase = 'open'
    this.#incoming.add(session)
    const resent = this.#outgoing.sendOver(session)
    this.#opened.resolve()
    this.#tell({ kind: 'open', session, resent })
    const end = await session.closed
    this.#past = addStatistics(this.#past, session.statistics)
    const now = this.#clock.now()
    if (now - openedAt >= STABLE) {
      this.#attempt = 0
      this.#lostAt = now
    }
    return end
  }

  /** The next session; undefined when there is none. */
  async #next(lost: MsrpError | undefined): Promise<Session | undefined> {
    const { attempts = Number.POSITIVE_INFINITY } = this.#options
    for (let error = lost; ; ) {
      if (this.#over.signal.aborted) return undefined
      const attempt = ++this.#attempt
      const wait = lost === undefined && attempt === 1 ? 0 : waitBefore(attempt, this.#backOff, this.#random)
      const left = this.#lostAt + this.#within - this.#clock.now()
      if (attempt > attempts || wait >= left) return this.#giveUp(error)
      if (wait > 0) {
        this.#tell({ kind: 'waiting', attempt, delay: wait })
        await this.#pause(wait)
      }
      try {
        const session = await this.#obtain(attempt, lost, left - wait)
        // Such as from a listener that was closed.
        return session ?? this.#giveUp(new MsrpError('closed', '`next` gave no session'))
      } catch (cause) {
        if (this.#over.signal.aborted) return undefined
        error = asMsrpError(cause, 'unreachable', 'No session could be had')
        this.#tell({ kind: 'failed', attempt, error })
        if (isLasting(cause)) return this.#giveUp(error)
      }
    }
  }

  /** Asks the application for a session, for so many milliseconds. */
  async #obtain(attempt: number, error: MsrpError | undefined, left: number): Promise<Session | undefined> {
    if (this.#over.signal.aborted) throw over()
    const controller = new AbortController()
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const stop = (reason: MsrpError): void => {
      reject(reason)
      controller.abort(reason)
    }
    const onOver = (): void => stop(over())
    this.#over.signal.addEventListener('abort', onOver)
    const cancel = this.#clock.after(left, () =>
      stop(new MsrpError('timeout', `There was no session for ${this.#within} ms`)),
    )
    const { signal } = controller
    const resumeKey = this.#resumeKey
    const coming = Promise.resolve().then(() => this.#options.next({ attempt, error, signal, resumeKey }))
    try {
      return await Promise.race([coming, stopped])
    } catch (failure) {
      // Whatever comes now comes too late.
      coming.then(
        (session) => session?.close(),
        () => {},
      )
      throw failure
    } finally {
      cancel()
      this.#over.signal.removeEventListener('abort', onOver)
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const go = (): void => resolve()
    this.#hurry = go
    this.#over.signal.addEventListener('abort', go)
    const cancel = this.#clock.after(milliseconds, go)
    await promise
    cancel()
    this.#over.signal.removeEventListener('abort', go)
    this.#hurry = undefined
  }

  #giveUp(cause: MsrpError | undefined): undefined {
    const error = cause ?? new MsrpError('timeout', 'No attempt was allowed')
    this.#end({ by: 'failure', error }, error)
    this.#tell({ kind: 'given-up', error })
  }

  #end(end: SessionEnd, error: MsrpError): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#over.abort()
    this.#outgoing.end(error)
    this.#incoming.end(error)
    this.#opened.reject(error)
    this.#closed.resolve(end)
  }

  #tell(event: ResumingEvent): void {
    inform(() => this.#options.onEvent?.(event))
  }
}

function over(): MsrpError {
  return new MsrpError('closed', 'The session is over')
}
