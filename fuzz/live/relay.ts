import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { Random } from '../random.ts'
import { traffic } from '../traffic.ts'
import { Server } from './server.ts'
import { openSocket } from './socket.ts'
import { type Victim, within } from './victim.ts'

const ANSWER_TIME = 10_000
const TEXT = 'still there?'

/** Whatever a mutation makes of an address, the relay connects to this machine alone. */
const ELSEWHERE = [
  '0.0.0.0/2',
  '64.0.0.0/3',
  '96.0.0.0/4',
  '112.0.0.0/5',
  '120.0.0.0/6',
  '124.0.0.0/7',
  '126.0.0.0/8',
  '128.0.0.0/1',
  '::/0',
]

/** A relay process with clients who behave, and next hops who do not. */
export class RelayVictim implements Victim {
  readonly server: Server
  readonly port: number
  readonly tcpPort: number
  readonly ca: Buffer
  /** Where AUTH goes. */
  readonly uri: string
  readonly passwords: Readonly<Record<'alice' | 'bob', string>>
  readonly #hops: HostileHops
  #bystander: RawClient | undefined

  static async start(folder: string, seed: number): Promise<RelayVictim> {
    const hops = await HostileHops.listen(seed)
    const tcpPort = await freePort()
    const state = join(folder, 'state')
    const config = join(folder, 'relay.toml')
    writeFileSync(
      config,
      `state_folder = ${JSON.stringify(state)}
plain_tcp_to_peers = true
last_hop_tls = "lenient"
[log]
level = "warn"
[limits]
unauthenticated_time = 5
[outbound]
deny = ${JSON.stringify(ELSEWHERE)}
[[listen]]
host = "127.0.0.1"
port = 0
[[listen]]
host = "127.0.0.1"
port = ${tcpPort}
transport = "tcp"
`,
    )
    const args = ['packages/cli/src/main.ts', 'relay', '--json', '--config', config]
    const { server, first } = await Server.start<{ path: string; ca: string }>('the relay', args)
    const password = (user: string): string => readFileSync(join(state, `${user}.password`), 'utf8').trim()
    const relay = new RelayVictim({
      server,
      hops,
      tcpPort,
      uri: first.path,
      ca: readFileSync(first.ca),
      passwords: { alice: password('alice'), bob: password('bob') },
    })
    relay.#bystander = (await relay.login('bob')).client
    return relay
  }

  constructor(facts: {
    server: Server
    hops: HostileHops
    tcpPort: number
    uri: string
    ca: Buffer
    passwords: RelayVictim['passwords']
  }) {
    this.server = facts.server
    this.#hops = facts.hops
    this.tcpPort = facts.tcpPort
    this.uri = facts.uri
    this.port = Number(/:(\d+);tcp$/.exec(facts.uri)?.[1])
    this.ca = facts.ca
    this.passwords = facts.passwords
  }

  /** The path of somebody who has done nothing, answers properly, and is to stay connected all the time. */
  get bystander(): readonly string[] {
    return this.#bystander?.path ?? []
  }

  /** A next hop that answers with the traffic of this number. */
  hop(index: number): string {
    return `msrp://127.0.0.1:${this.#hops.port}/i${index};tcp`
  }

  /** Connects over TLS and logs in. */
  async login(user: 'alice' | 'bob'): Promise<{ socket: Socket; client: RawClient }> {
    const socket = await openSocket({ port: this.port, ca: this.ca })
    const client = new RawClient(socket, { port: this.port, uri: `msrps://${user}.invalid:9000/${user};tcp` })
    // What comes is answered, and not kept.
    socket.on('data', () => {
      for (const request of client.requests.splice(0)) {
        if (request.head.method === 'SEND' && request.head.fields.failureReport === 'yes') client.respond(request)
      }
      if (client.responses.length > 50) client.responses.splice(0, 40)
    })
    const credentials = { username: user, password: this.passwords[user] }
    const { head } = await within(
      ANSWER_TIME,
      'AUTH is answered',
      client.authenticate(credentials, { toPath: [this.uri] }),
    )
    if (head.status !== 200) throw new Error(`AUTH of ${user} was answered ${head.status}`)
    return { socket, client }
  }

  /** Two new clients log in, and a message goes from one to the other. */
  async check(): Promise<void> {
    if (this.#bystander?.closed !== false) throw new Error('a client who did nothing wrong was disconnected')
    const [{ client: alice }, { client: bob }] = await Promise.all([this.login('alice'), this.login('bob')])
    try {
      const sent = alice.send([alice.token, ...bob.path], TEXT)
      const response = await alice.response(sent, ANSWER_TIME)
      if (response.head.status !== 200) throw new Error(`a proper message was answered ${response.head.status}`)
      await bob.until(() => (bob.bodyBytes >= TEXT.length ? true : undefined), 'the message', ANSWER_TIME)
    } finally {
      alice.destroy()
      bob.destroy()
    }
  }

  async close(): Promise<void> {
    this.#bystander?.destroy()
    await this.#hops.close()
    await this.server.stop()
  }
}

/** Peers that the relay connects to, and that answer with mutated traffic: which, the path of the request says. */
class HostileHops {
  readonly port: number
  readonly #server: NetServer
  readonly #sockets: Set<Socket> = new Set()

  static async listen(seed: number): Promise<HostileHops> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new HostileHops(server, seed)
  }

  constructor(server: NetServer, seed: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1')
        const index = Number(/\/i(\d+);tcp/.exec(text)?.[1] ?? 0)
        const random = new Random(seed ^ 0x0ff, index)
        const id = /^MSRP (\S+) /.exec(text)?.[1] ?? 'abcd'
        const to = /^From-Path: (.*)\r$/m.exec(text)?.[1] ?? 'x'
        const from = /^To-Path: (.*)\r$/m.exec(text)?.[1] ?? 'x'
        const world = { to: () => to, from: () => from, id: () => id }
        if (!socket.destroyed) socket.write(Buffer.from(traffic(random, world), 'latin1'))
        const how = random.below(5)
        if (how === 0) socket.end()
        else if (how === 1) socket.destroy()
      })
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
