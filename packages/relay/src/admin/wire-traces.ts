import { type Cancel, type Clock, maskCredentials, observeText, type WireObserver } from 'msrp/connection'
import type { RelayConnection } from '../forwarding/relay-connection.ts'
import { maskSecrets } from '../io/mask-secrets.ts'
import type { AdministeredRelay } from './administered.ts'

/** Traces at one time: each costs the relay something for every message. */
const MOST = 8

/** Transactions of AUTH whose responses are waited for, on one connection. */
const AUTHS = 64

/** A request or response that belongs to what is traced, or the end of one. */
export interface TraceLine {
  /** ISO 8601, UTC. */
  readonly time: string
  /** Number of the connection, as in the log, and its far end. */
  readonly connection: number
  readonly far: string
  readonly direction: 'in' | 'out'
  /** Start-line and header fields, or the end-line. Credentials and session-ids are masked; bodies are only counted. */
  readonly lines: readonly string[]
}

/** A trace that runs. */
export interface Trace {
  /** The id of a session, or an account such as `alice@example.com`. */
  readonly target: string
  /** Where it is shown. */
  readonly to: 'log' | 'caller'
  /** When it ends, ISO 8601, UTC. */
  readonly until: string
}

interface RunningTrace extends Trace {
  readonly show: (line: TraceLine) => void
  readonly cancel: Cancel
  readonly onEnd: () => void
}

/**
 * Shows what goes over the wire for one session or account, for a while. As long as a trace runs the headers of all
 * messages are looked at, to find those that belong to it: by the URIs in them and, in an AUTH, by the user's name.
 */
export class WireTraces {
  readonly #relay: AdministeredRelay
  readonly #clock: Clock
  readonly #running: Set<RunningTrace> = new Set()

  constructor(relay: AdministeredRelay, clock: Clock) {
    this.#relay = relay
    this.#clock = clock
  }

  get running(): readonly Trace[] {
    return [...this.#running].map(({ target, to, until }) => ({ target, to, until }))
  }

  /** Begins a trace of `seconds`; undefined when there are as many as there may be. `onEnd` is called at its end. */
  start(options: {
    target: string
    seconds: number
    to: Trace['to']
    show: (line: TraceLine) => void
    onEnd?: () => void
  }): { trace: Trace; stop: () => void } | undefined {
    if (this.#running.size >= MOST) return undefined
    const { target, seconds, to, show, onEnd = () => {} } = options
    const cancel = this.#clock.after(seconds * 1000, () => this.#end(running))
    const until = new Date(Date.now() + seconds * 1000).toISOString()
    const running: RunningTrace = { target, to, until, show, cancel, onEnd }
    this.#running.add(running)
    if (this.#running.size === 1) this.#relay.observe((connection) => this.#observer(connection))
    return { trace: { target, to, until }, stop: () => this.#end(running) }
  }

  /** Ends the traces of a target that go to the log; says how many there were. */
  stop(target: string): number {
    const found = [...this.#running].filter((trace) => trace.target === target && trace.to === 'log')
    for (const trace of found) this.#end(trace)
    return found.length
  }

  /** Ends all. */
  close(): void {
    for (const trace of [...this.#running]) this.#end(trace)
  }

  #end(trace: RunningTrace): void {
    if (!this.#running.delete(trace)) return
    trace.cancel()
    if (this.#running.size === 0) this.#relay.observe(undefined)
    trace.onEnd()
  }

  #observer({ id, connection }: RelayConnection): WireObserver {
    const far = connection.transport.description
    /** Who sees the end of what is open, by direction and transaction. */
    const open = new Map<string, readonly RunningTrace[]>()
    const auths = new Map<string, readonly RunningTrace[]>()
    const show = (traces: readonly RunningTrace[], direction: 'in' | 'out', lines: readonly string[]): void => {
      const line: TraceLine = { time: new Date().toISOString(), connection: id, far, direction, lines }
      for (const trace of traces) if (this.#running.has(trace)) trace.show(line)
    }
    return observeText({
      head: (direction, text) => {
        const transactionId = text.split(' ', 2)[1] ?? ''
        const traces = this.#concerned(text, auths.get(transactionId) ?? [])
        if (traces.length === 0) return
        open.set(`${direction} ${transactionId}`, traces)
        if (/^MSRP \S+ AUTH\r\n/.test(text)) remember(auths, transactionId, traces)
        show(traces, direction, maskedLines(text))
      },
      end: (direction, transactionId, flag, bodyBytes) => {
        const key = `${direction} ${transactionId}`
        const traces = open.get(key)
        if (traces === undefined) return
        open.delete(key)
        const body = bodyBytes === 0 ? [] : [`(${bodyBytes} bytes of body)`]
        show(traces, direction, [...body, `-------${transactionId}${flag}`])
      },
    })
  }

  /** The traces that a request or response belongs to; `waiting` have seen the request that it answers. */
  #concerned(text: string, waiting: readonly RunningTrace[]): RunningTrace[] {
    const accounts = new Set<string>()
    const ids = new Set<string>()
    for (const [, sessionId = ''] of text.matchAll(/msrps?:\/\/[^\s/;]+\/([^\s;]+)/gi)) {
      const session = this.#relay.sessionWith(sessionId)
      if (session === undefined) continue
      ids.add(session.id)
      accounts.add(session.account)
    }
    const credentials = /^Authorization:(.*)$/im.exec(text)?.[1] ?? ''
    const [, username] = /\busername="([^"]*)"/i.exec(credentials) ?? []
    const [, realm] = /\brealm="([^"]*)"/i.exec(credentials) ?? []
    if (username !== undefined && realm !== undefined) accounts.add(`${username}@${realm}`)
    return [...this.#running].filter(
      (trace) => ids.has(trace.target) || accounts.has(trace.target) || waiting.includes(trace),
    )
  }
}

function remember(
  auths: Map<string, readonly RunningTrace[]>,
  transactionId: string,
  traces: readonly RunningTrace[],
): void {
  auths.set(transactionId, traces)
  const oldest = auths.keys().next().value
  if (auths.size > AUTHS && oldest !== undefined) auths.delete(oldest)
}

function maskedLines(text: string): string[] {
  return maskCredentials(text).trimEnd().split('\r\n').map(maskSecrets)
}
