import type { FinishOptions, PathChange, PreparedSession, Session, SessionEnd } from '../../src/session/api.ts'
import type { CompleteOptions, PathInput, PrepareOptions } from '../../src/session/options.ts'
import type { PeerFacts } from '../../src/session/peer-facts.ts'
import type { MsrpError } from '../../src/wire/index.ts'

/** A call of `complete`, and what the test does to it. */
export interface Completion {
  readonly remotePath: string
  readonly options: CompleteOptions
  readonly session: StubSession
  /** The peer is there. */
  open(): void
  fail(error: MsrpError): void
}

export class StubSession {
  readonly localPath: string
  readonly remotePath: string
  readonly #closed = Promise.withResolvers<SessionEnd>()
  state: 'open' | 'closing' | 'closed' = 'open'
  /** What it was told in later descriptions. */
  readonly said: PeerFacts[] = []

  constructor(localPath: string, remotePath: string) {
    this.localPath = localPath
    this.remotePath = remotePath
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  peerSays(facts: PeerFacts): void {
    this.said.push(facts)
  }

  async close(): Promise<void> {
    this.end('local')
  }

  drop(): void {
    this.end('failure')
  }

  /** As long as the test does not end it, something is under way. */
  async finish({ incoming = false }: FinishOptions): Promise<void> {
    if (incoming && this.state === 'open') this.state = 'closing'
    await this.closed
  }

  /** It ends as sessions do. */
  end(by: SessionEnd['by'], error?: MsrpError): void {
    this.state = 'closed'
    this.#closed.resolve({ by, ...(error === undefined ? {} : { error }) })
  }
}

export class StubPrepared {
  readonly options: PrepareOptions
  localPath: string
  fingerprints: readonly string[] = []
  onPathChanged: ((change: PathChange) => void) | undefined
  readonly completions: Completion[] = []
  readonly #closed = Promise.withResolvers<SessionEnd>()
  isClosed = false
  readonly #opensAtOnce: () => boolean

  constructor(options: PrepareOptions, localPath: string, opensAtOnce: () => boolean) {
    this.options = options
    this.localPath = localPath
    this.#opensAtOnce = opensAtOnce
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  complete(remotePath: PathInput, options: CompleteOptions = {}): Promise<Session> {
    const { promise, resolve, reject } = Promise.withResolvers<Session>()
    const session = new StubSession(this.localPath, String(remotePath))
    const completion: Completion = {
      remotePath: String(remotePath),
      options,
      session,
      open: () => resolve(session as unknown as Session),
      fail: reject,
    }
    options.signal?.addEventListener('abort', () => reject(options.signal?.reason))
    this.completions.push(completion)
    if (this.#opensAtOnce()) completion.open()
    return promise
  }

  async close(): Promise<void> {
    this.lose('local')
  }

  lose(by: SessionEnd['by']): void {
    this.isClosed = true
    this.#closed.resolve({ by })
  }
}

/** Gives out paths that a test can foresee, and opens no connection. */
export class StubEndpoint {
  readonly name: string
  readonly prepared: StubPrepared[] = []
  /** Whether a session is there as soon as both paths are known. */
  opensAtOnce = true
  /** What the certificate of a listening socket with TLS is known by. */
  fingerprints: readonly string[] = []

  constructor(name: string) {
    this.name = name
  }

  async prepare(options: PrepareOptions): Promise<PreparedSession> {
    const prepared = new StubPrepared(options, this.#pathOf(options), () => this.opensAtOnce)
    if (options.listen?.tls !== undefined) prepared.fingerprints = this.fingerprints
    this.prepared.push(prepared)
    return prepared as unknown as PreparedSession
  }

  /** What was completed, in order. */
  get completions(): Completion[] {
    return this.prepared.flatMap(({ completions }) => completions)
  }

  #pathOf({ listen, relay, local }: PrepareOptions): string {
    const session = `${this.name}${this.prepared.length + 1}`
    if (relay !== undefined) {
      return `msrps://relay.${this.name}.example:2855/t${session};tcp msrps://${this.name}.invalid:2855/${session};tcp`
    }
    if (typeof local === 'string') return local
    const host = listen?.host ?? '192.0.2.1'
    return `${listen?.tls ? 'msrps' : 'msrp'}://${host.includes(':') ? `[${host}]` : host}:${listen?.port ?? 5000}/${session};tcp`
  }
}

/** An attribute of the section for MSRP at a place; '' without value. */
export function attributeOf(text: string, name: string, index = 0): string | undefined {
  const section = text.split(/^(?=m=)/m).slice(1)[index] ?? ''
  const line = section.split(/\r?\n/).find((one) => one === `a=${name}` || one.startsWith(`a=${name}:`))
  return line?.slice(name.length + 3)
}

export const relay: { uri: string; username: string; password: string } = {
  uri: 'msrps://relay.example;tcp',
  username: 'u',
  password: 'p',
}
export const listen: { host: string; port: number } = { host: '192.0.2.1', port: 5000 }

/** A description with one medium, as a peer writes it. */
export function peerText(
  lines: {
    port?: number
    path?: string
    setup?: string
    types?: string
    address?: string
    more?: readonly string[]
    protocol?: string
  } = {},
): string {
  const { path = 'msrp://198.51.100.7:6000/peer1;tcp', setup, types = 'text/plain', more = [] } = lines
  const {
    port = 6000,
    address = '198.51.100.7',
    protocol = path.startsWith('msrps') ? 'TCP/TLS/MSRP' : 'TCP/MSRP',
  } = lines
  const kind = address.includes(':') ? 'IP6' : 'IP4'
  return [
    'v=0',
    'o=- 7 1 IN IP4 198.51.100.7',
    's=-',
    `c=IN ${kind} ${address}`,
    't=0 0',
    `m=message ${port} ${protocol} *`,
    `a=accept-types:${types}`,
    `a=path:${path}`,
    ...(setup === undefined ? [] : [`a=setup:${setup}`]),
    ...more,
    '',
  ].join('\r\n')
}
