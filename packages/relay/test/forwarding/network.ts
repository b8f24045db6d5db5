import { createHmac } from 'node:crypto'
import { nodeHash, nodeRandom } from 'msrp/node'
import {
  ChunkParser,
  type ContinuationFlag,
  digestResponse,
  encodeEndLine,
  encodeRequest,
  encodeResponse,
  type Field,
  formatCredentials,
  type Head,
  ha1,
  MsrpError,
  type MsrpUri,
  newTransactionId,
  parseChallenge,
  parsePath,
  type RequestHead,
  type ResponseHead,
} from 'msrp/wire'
import { FakeClock, settle } from '../../../msrp/test/transport/fake-clock.ts'
import { type MemoryPair, type MemoryPairOptions, memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import { Relay } from '../../src/forwarding/relay.ts'
import type { Dialed, DialTarget, RelaySettings } from '../../src/forwarding/settings.ts'

/** A whole request or response as it arrived. */
export interface Arrived<H extends Head = Head> {
  head: H
  body: Buffer
  flag: ContinuationFlag
}

const defaults: RelaySettings = {
  names: ['relay.example.com'],
  ports: [2855],
  realm: 'example.com',
  expires: { default: 900, minimum: 60, maximum: 3600 },
  algorithms: ['md5'],
  nonceLifetime: 300,
  probation: 30,
  authFailures: 3,
  tokensPerConnection: 8,
  flowBuffer: 65_536,
  sharedConnectionsTo: [],
}

/** A relay in memory, with clients, peers and a clock that the test moves. */
export class Network {
  readonly clock: FakeClock
  readonly relay: Relay
  /** What the relay wanted to connect to, in order. */
  readonly dialed: DialTarget[] = []
  /** Answers a dial; refuses unless a test sets it. */
  onDial: (target: DialTarget) => Promise<Dialed> = () => {
    throw new MsrpError('unreachable', 'connection refused')
  }
  readonly passwords: Map<string, string> = new Map([
    ['alice', 'wonderland'],
    ['bob', 'builder'],
  ])

  constructor(settings: Partial<RelaySettings> = {}, clock: FakeClock = new FakeClock()) {
    this.clock = clock
    const merged = { ...defaults, ...settings }
    this.relay = new Relay(merged, {
      clock,
      time: () => clock.now() / 1000,
      random: nodeRandom,
      hash: nodeHash,
      hmac: (text) => createHmac('sha256', 'test').update(text).digest('hex'),
      equal: (one, other) => one === other,
      users: {
        ha1: async (username, realm, algorithm) => {
          const password = this.passwords.get(username)
          return password === undefined ? undefined : ha1(nodeHash, algorithm, username, realm, password)
        },
      },
      dial: async (target) => {
        this.dialed.push(target)
        return this.onDial(target)
      },
      log: { debug: () => {}, info: () => {}, warn: () => {} },
    })
  }

  /** Somebody connects. `certificate`: the names of a verified client certificate. */
  connect(options: MemoryPairOptions & { certificate?: string[]; uri?: string } = {}): Node {
    const pair = memoryPair({ secure: true, ...options })
    this.relay.accept(pair.right, options.certificate ?? [])
    return new Node(pair, options.uri)
  }

  /** A client that connects and gets a token. */
  async client(name: string, options: MemoryPairOptions & { uri?: string } = {}): Promise<Node> {
    const client = this.connect({ uri: `msrps://${name}.invalid:9000/${name};tcp`, ...options })
    await client.authenticate(name, this.passwords.get(name) ?? '')
    return client
  }

  /** The next dial reaches a node that the test plays. */
  answerDials(uri: string, options: MemoryPairOptions & { certificate?: string[] } = {}): Node {
    const pair = memoryPair({ secure: true, ...options })
    this.onDial = async () => ({ transport: pair.right, certificateNames: options.certificate ?? [] })
    return new Node(pair, uri)
  }
}

/** The far end of a connection of the relay, played by the test byte for byte. */
export class Node {
  readonly pair: MemoryPair
  readonly uri: string
  readonly requests: Arrived<RequestHead>[] = []
  readonly responses: Arrived<ResponseHead>[] = []
  closed = false
  /** Use-Path of the last AUTH. */
  usePath: readonly MsrpUri[] = []
  #current: { head: Head; body: Buffer[] } | undefined

  constructor(pair: MemoryPair, uri: string = 'msrps://peer.invalid:9000/peer;tcp') {
    this.pair = pair
    this.uri = uri
    const parser = new ChunkParser({
      onHead: (head) => {
        this.#current = { head, body: [] }
      },
      onBody: (bytes) => this.#current?.body.push(Buffer.from(bytes)),
      onEnd: (flag) => {
        const { head, body } = this.#current!
        const arrived = { body: Buffer.concat(body), flag }
        if (head.kind === 'request') this.requests.push({ head, ...arrived })
        else this.responses.push({ head, ...arrived })
      },
    })
    pair.left.start({
      onData: (bytes) => parser.push(bytes),
      onDrain: () => {},
      onClose: () => {
        this.closed = true
      },
    })
  }

  get token(): string {
    return String(this.usePath.at(-1))
  }

  /** What a peer puts into To-Path to reach this client: its relays outside in, then itself. */
  get path(): string[] {
    return [...[...this.usePath].reverse().map(String), this.uri]
  }

  write(bytes: string | Uint8Array): void {
    this.pair.left.write(typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes))
  }

  /** Sends a whole request; returns its transaction id. */
  request(
    method: string,
    options: {
      toPath: readonly string[]
      fromPath?: readonly string[]
      fields?: readonly Field[]
      body?: string | Uint8Array
      contentType?: string
      flag?: ContinuationFlag
    },
  ): string {
    const transactionId = newTransactionId(nodeRandom)
    const { toPath, fromPath = [this.uri], fields, body, flag = '$' } = options
    this.write(
      Buffer.concat([
        encodeRequest({
          transactionId,
          method,
          toPath: parsePath(toPath.join(' ')),
          fromPath: parsePath(fromPath.join(' ')),
          fields,
          contentType: options.contentType ?? (body === undefined ? undefined : 'text/plain'),
        }),
        Buffer.from(body ?? ''),
        encodeEndLine(transactionId, flag, { afterBody: body !== undefined }),
      ]),
    )
    return transactionId
  }

  /** Sends a whole message; returns its transaction id. */
  send(toPath: readonly string[], body: string | Uint8Array, fields: readonly Field[] = []): string {
    const size = Buffer.byteLength(body)
    const named = (name: string): boolean => fields.some(([other]) => other === name)
    return this.request('SEND', {
      toPath,
      body,
      fields: [
        ...(named('Message-ID') ? [] : [['Message-ID', 'message1'] as Field]),
        ...(named('Byte-Range') ? [] : [['Byte-Range', `1-${size}/${size}`] as Field]),
        ...fields,
      ],
    })
  }

  /** Answers a request that arrived, as an endpoint does. */
  respond(to: Arrived<RequestHead>, status = 200, fields: readonly Field[] = []): void {
    const { transactionId, method, fields: asked } = to.head
    this.write(
      encodeResponse({
        transactionId,
        status,
        toPath: method === 'SEND' ? asked.fromPath.slice(0, 1) : asked.fromPath,
        fromPath: asked.toPath.slice(0, 1),
        fields,
      }),
    )
  }

  /** The response to a transaction, once everything has settled. */
  async response(transactionId: string): Promise<Arrived<ResponseHead>> {
    await settle()
    const found = this.responses.find(({ head }) => head.transactionId === transactionId)
    if (found === undefined) throw new Error(`no response to ${transactionId}`)
    return found
  }

  /** AUTH with challenge and credentials; returns the last response. */
  async authenticate(
    username: string,
    password: string,
    options: { toPath?: readonly string[]; fields?: readonly Field[]; uri?: string } = {},
  ): Promise<Arrived<ResponseHead>> {
    const toPath = options.toPath ?? ['msrps://relay.example.com:2855;tcp']
    const first = await this.response(this.request('AUTH', { toPath }))
    if (first.head.status !== 401) return first
    const { value } = this.credentials(first, username, password, options.uri ?? toPath.at(-1)!)
    const fields: Field[] = [['Authorization', value], ...(options.fields ?? [])]
    const second = await this.response(this.request('AUTH', { toPath, fields }))
    if (second.head.status === 200) this.usePath = second.head.fields.usePath ?? []
    return second
  }

  /** The Authorization value that answers a 401. */
  credentials(
    unauthorized: Arrived<ResponseHead>,
    username: string,
    password: string,
    uri: string,
    nc = '00000001',
  ): { value: string; nonce: string } {
    const {
      realm,
      nonce,
      algorithm = 'md5',
      opaque,
    } = parseChallenge(unauthorized.head.fields.get('WWW-Authenticate') ?? '')
    const cnonce = 'c0ffee'
    const input = { algorithm, ha1: ha1(nodeHash, algorithm, username, realm, password), nonce, nc, cnonce, uri }
    const response = digestResponse(nodeHash, input)
    return { value: formatCredentials({ username, realm, nonce, uri, response, algorithm, cnonce, nc, opaque }), nonce }
  }
}
