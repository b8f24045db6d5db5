import { createHmac } from 'node:crypto'
import { nodeHash, nodeRandom } from 'msrp/node'
import { type DigestAlgorithm, ha1, MsrpError, MsrpUri, type RandomBytes } from 'msrp/wire'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { type MemoryPairOptions, memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import { Relay } from '../../src/forwarding/relay.ts'
import type { SessionFacts } from '../../src/forwarding/session-facts.ts'
import type { Dialed, DialTarget, RelaySettings, Users } from '../../src/forwarding/settings.ts'
import type { DialSibling } from '../../src/forwarding/siblings.ts'
import { Node } from './node.ts'

export { settle } from '../../../msrp/test/transport/fake-clock.ts'
export * from './node.ts'

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
  totalBuffer: 1 << 28,
  // Longer than tests of anything else have somebody not read.
  stalled: 86_400,
  outboundConnections: 1000,
  sharedConnectionsTo: [],
  domains: [],
  unlistedDomains: false,
  chains: { inbound: 'any', outbound: 'any' },
}

/** How somebody is connected. `certificate`: the names of a certificate that was verified. */
export type ConnectOptions = MemoryPairOptions & { certificate?: string[]; uri?: string }

/** A relay in memory, with clients, peers and a clock that the test moves. */
export class Network {
  readonly clock: FakeClock
  readonly relay: Relay
  /** What the relay was told at its start. */
  readonly settings: RelaySettings
  /** What the relay wanted to connect to, in order. */
  readonly dialed: DialTarget[] = []
  readonly logged: string[] = []
  /** What each of these lines has besides. */
  readonly loggedFields: object[] = []
  /** Sessions that are over. */
  readonly ended: SessionFacts[] = []
  readonly passwords: Map<string, string> = new Map([
    ['alice', 'wonderland'],
    ['bob', 'builder'],
  ])
  /** Answers a dial; finds those that a test has put within reach unless it is set. */
  onDial: (target: DialTarget) => Promise<Dialed> = (target) => this.#reach(target)
  /** Whose credentials did not fit: name, realm and algorithm. */
  readonly doubted: string[] = []
  /** Whose account a user name stands for; its own unless it is set. */
  account: (username: string, realm: string) => string = (username, realm) => `${username}@${realm}`
  /** Answers a look-up of a user; knows `passwords` unless it is set. */
  ha1: Users['ha1'] = async (username, realm, algorithm) => this.#ha1(username, realm, algorithm)
  /** Connects to another worker of the same relay; there is none unless it is set. */
  onDialSibling: DialSibling = () => Promise.reject(new MsrpError('unreachable', 'connection refused'))
  readonly #reachable: Map<string, () => Promise<Dialed>> = new Map()

  constructor(
    settings: Partial<RelaySettings> = {},
    clock: FakeClock = new FakeClock(),
    random: RandomBytes = nodeRandom,
  ) {
    this.clock = clock
    this.settings = { ...defaults, ...settings }
    const log = (fields: object, message: string): void => {
      this.logged.push(message)
      this.loggedFields.push(fields)
    }
    this.relay = new Relay(this.settings, {
      clock,
      time: () => clock.now() / 1000,
      random,
      hash: nodeHash,
      hmac: (text) => createHmac('sha256', 'test').update(text).digest('hex'),
      equal: (one, other) => one === other,
      users: {
        ha1: (...user) => this.ha1(...user),
        account: (...user) => this.account(...user),
        doubt: (...user) => void this.doubted.push(user.join(' ')),
      },
      dial: async (target) => {
        this.dialed.push(target)
        return this.onDial(target)
      },
      onSessionEnd: (session) => this.ended.push(session),
      dialSibling: (...sibling) => this.onDialSibling(...sibling),
      log: { debug: log, info: log, warn: log },
    })
  }

  /** Somebody connects. */
  connect(options: ConnectOptions = {}): Node {
    const pair = memoryPair({ secure: true, ...options })
    this.relay.accept(pair.right, options.certificate ?? [])
    return new Node(pair, options.uri)
  }

  /** A client that connects and gets a token. */
  async client(name: string, options: ConnectOptions = {}): Promise<Node> {
    const client = this.connect({ uri: `msrps://${name}.invalid:9000/${name};tcp`, ...options })
    await client.authenticate(name, this.passwords.get(name) ?? '')
    return client
  }

  /** Somebody whom the relay can connect to, once. */
  within(uri: string, options: ConnectOptions = {}): Node {
    const pair = memoryPair({ secure: true, ...options })
    const dialed = { transport: pair.right, certificateNames: options.certificate ?? [] }
    this.#reachable.set(MsrpUri.parse(uri).authorityKey, async () => dialed)
    return new Node(pair, uri)
  }

  #reach({ uri }: DialTarget): Promise<Dialed> {
    const reach = this.#reachable.get(uri.authorityKey)
    this.#reachable.delete(uri.authorityKey)
    if (reach === undefined) throw new MsrpError('unreachable', 'connection refused')
    return reach()
  }

  #ha1(username: string, realm: string, algorithm: DigestAlgorithm): string | undefined {
    const password = this.passwords.get(username)
    return password === undefined ? undefined : ha1(nodeHash, algorithm, username, realm, password)
  }
}
