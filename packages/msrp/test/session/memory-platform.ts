import { createHash } from 'node:crypto'
import type { Transport } from '../../src/connection/index.ts'
import { BlockSpool } from '../../src/session/block-spool.ts'
import type { BodyRoom } from '../../src/session/body-room.ts'
import { DirectPeers, type DirectPeersRoom } from '../../src/session/direct-peers.ts'
import { type AnyBody, IncomingBody } from '../../src/session/incoming-body.ts'
import type { Parts } from '../../src/session/parts.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import type {
  DialTarget,
  FileSink,
  ListeningSocket,
  ListenOptions,
  Platform,
  Spool,
} from '../../src/session/platform.ts'
import { connectToRelay, type RelayAddress } from '../../src/session/relay-client/index.ts'
import { ChunkParser, MsrpError, type MsrpUri, type OpenReader } from '../../src/wire/index.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { type MemoryPairOptions, type MemoryTransport, memoryPair } from '../transport/memory-transport.ts'

/** A machine in memory: time is moved by hand, connections are pairs, disks are arrays. */
export class MemoryPlatform implements Platform {
  readonly clock: FakeClock
  readonly reader: OpenReader = ChunkParser
  parts: Parts = PARTS_AT_HAND
  /** How new connections behave. */
  pairOptions: MemoryPairOptions = {}
  /** The far ends of what was dialled and not taken by `onDial`. */
  readonly dialled: { target: DialTarget; far: MemoryTransport }[] = []
  /** Takes what is dialled, such as another platform's `accept`. */
  onDial: ((far: MemoryTransport, target: DialTarget) => void) | undefined
  readonly spools: MemorySpool[] = []
  readonly files: Map<string, MemoryFile> = new Map()
  /** Makes writes to spools and files wait until `release` of the platform. */
  slowDisk = false
  readonly #accepts: Map<number, (transport: Transport) => void> = new Map()
  #counter = 0
  #port = 5000

  constructor(clock: FakeClock = new FakeClock()) {
    this.clock = clock
  }

  /** Different each time, the same in each run. */
  random = (size: number): Uint8Array => {
    const digest = createHash('sha256')
      .update(`${seedOf(this)}-${this.#counter++}`)
      .digest()
    return new Uint8Array(digest.subarray(0, size))
  }

  hash = (algorithm: 'md5' | 'sha-256', text: string): string =>
    createHash(algorithm === 'md5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')

  async dial(target: DialTarget): Promise<Transport> {
    const { left, right } = memoryPair({ secure: target.secure, ...this.pairOptions })
    if (this.onDial === undefined) this.dialled.push({ target, far: right })
    else this.onDial(right, target)
    return left
  }

  connectToRelay<T>(relay: MsrpUri, attempt: (address: RelayAddress) => Promise<T>): Promise<T> {
    return connectToRelay(relay, { resolveSrv: async () => [] }, attempt)
  }

  direct(room: DirectPeersRoom): DirectPeers {
    return new DirectPeers(this, room)
  }

  async listen(options: ListenOptions, accept: (transport: Transport) => void): Promise<ListeningSocket> {
    const port = options.port || this.#port++
    if (this.#accepts.has(port)) throw new MsrpError('unreachable', `port ${port} is taken`)
    this.#accepts.set(port, accept)
    return {
      host: options.host ?? '127.0.0.1',
      port,
      close: async () => {
        this.#accepts.delete(port)
      },
    }
  }

  /** Ports that are listened on. */
  get ports(): number[] {
    return [...this.#accepts.keys()]
  }

  /** Somebody connects; gives the far end. */
  arrive(port: number, options: MemoryPairOptions = {}): MemoryTransport {
    const { left, right } = memoryPair({ ...this.pairOptions, ...options })
    const accept = this.#accepts.get(port)
    if (accept === undefined) throw new Error(`nobody listens on ${port}`)
    accept(left)
    return right
  }

  /** Lets another platform's end of a connection arrive here. */
  take(port: number, transport: Transport): void {
    const accept = this.#accepts.get(port)
    if (accept === undefined) throw new MsrpError('unreachable', `nobody listens on ${port}`)
    accept(transport)
  }

  openSpool(most: number): BlockSpool {
    return new BlockSpool(most, async (limit) => {
      const spool = new MemorySpool(limit, () => this.slowDisk)
      this.spools.push(spool)
      return spool
    })
  }

  openBody = (room: BodyRoom): AnyBody => new IncomingBody(room)

  async createFile(path: string): Promise<FileSink> {
    const existing = this.files.get(path)
    if (existing?.state === 'finished') throw new MsrpError('storage', `${path} is taken`)
    const file = new MemoryFile(path, () => this.slowDisk)
    this.files.set(path, file)
    return file
  }

  /** Bytes that lie in spools now. */
  get spooled(): number {
    return this.spools.reduce((sum, { highest, closed }) => sum + (closed ? 0 : highest), 0)
  }
}

/** Bytes by position; reading what was not written throws. */
export class MemorySpool implements Spool {
  readonly limit: number
  closed = false
  writes = 0
  highest = 0
  failure: Error | undefined
  #bytes = new Uint8Array(0)
  readonly #slow: () => boolean

  constructor(limit: number, slow: () => boolean) {
    this.limit = limit
    this.#slow = slow
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    this.writes++
    this.highest = Math.max(this.highest, position + bytes.length)
    if (this.highest > this.limit) throw new Error(`write to ${this.highest} behind the limit of ${this.limit}`)
    if (this.#bytes.length < this.highest) {
      const grown = new Uint8Array(Math.max(this.highest, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, position)
    await settle()
    while (this.#slow()) await settle()
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = this.#bytes.slice(position, position + length)
    await settle()
    return bytes
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

/** A file that remembers what was done to it. */
export class MemoryFile implements FileSink {
  readonly path: string
  state: 'open' | 'finished' | 'discarded' = 'open'
  bytes: Uint8Array = new Uint8Array(0)
  /** Set to have the next call fail. */
  failure: Error | undefined
  #held: Promise<void> | undefined
  readonly #slow: () => boolean

  constructor(path: string, slow: () => boolean = () => false) {
    this.path = path
    this.#slow = slow
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    const end = position + bytes.length
    if (this.bytes.length < end) {
      const grown = new Uint8Array(end)
      grown.set(this.bytes)
      this.bytes = grown
    }
    this.bytes.set(bytes, position)
    await settle()
    while (this.#slow()) await settle()
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    await settle()
    return this.bytes.slice(position, position + length)
  }

  /** Has `finish` wait for what this gives. */
  holdFinish(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    return resolve
  }

  async finish(): Promise<string> {
    await this.#held
    if (this.failure !== undefined) throw this.failure
    this.state = 'finished'
    return this.path
  }

  async discard(): Promise<void> {
    this.state = 'discarded'
  }
}

const seeds: WeakMap<MemoryPlatform, number> = new WeakMap()
let nextSeed = 0

function seedOf(platform: MemoryPlatform): number {
  const seed = seeds.get(platform) ?? nextSeed++
  seeds.set(platform, seed)
  return seed
}
