import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { saysItsHeap } from './heap.ts'
import type { Program } from './process.ts'
import { RawClient, type RawClientOptions } from './raw-client.ts'
import type { TestRelay } from './relay.ts'
import { Texts } from './texts.ts'
import { overTcp, overTls, startReceiver } from './transfer.ts'

/** One connection of somebody who means no good. */
export interface Attacker {
  /** The TCP connection below everything. */
  readonly socket: Socket
  /** What MSRP goes over: TLS, or the TCP connection itself. */
  readonly stream: Socket
  /** Speaks MSRP over it. */
  readonly client: RawClient
}

/** A process that is attacked, by one of its ways in. Certificates are not looked at: that is not what is tested here. */
export class Victim {
  /** `a relay over TLS` */
  readonly name: string
  readonly program: Program
  readonly port: number
  readonly secure: boolean
  /** Its own URI, whose session-id is not known to it where it is a relay. */
  readonly uri: string
  readonly #attackers: Attacker[] = []
  readonly #pair: () => Promise<{ sender: RawClient; path: readonly string[]; receiver?: RawClient }>

  constructor(options: {
    name: string
    program: Program
    uri: string
    port: number
    secure: boolean
    pair: () => Promise<{ sender: RawClient; path: readonly string[]; receiver?: RawClient }>
  }) {
    this.name = options.name
    this.program = options.program
    this.port = options.port
    this.uri = options.uri
    this.secure = options.secure
    this.#pair = options.pair
  }

  /** A TCP connection, and nothing over it; destroyed at the end of the test. */
  async socket(): Promise<Socket> {
    const socket = connectTcp({ host: '127.0.0.1', port: this.port })
    onTestFinished(() => {
      socket.destroy()
    })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  /** A connection that is ready for MSRP, until `leave` is called; or, if it `stays`, to the end of the test. */
  async connect(
    options: Partial<RawClientOptions> & { tls?: ConnectionOptions; stays?: boolean } = {},
  ): Promise<Attacker> {
    const { tls, stays = false, ...rest } = options
    const socket = await this.socket()
    const stream = this.secure ? await handshake(socket, tls) : socket
    const attacker = { socket, stream, client: new RawClient(stream, { port: this.port, ...rest }) }
    if (!stays) this.#attackers.push(attacker)
    return attacker
  }

  /** Those that `connect` has made so far leave. */
  leave(): void {
    for (const { socket, stream } of this.#attackers.splice(0)) {
      stream.destroy()
      socket.destroy()
    }
  }

  /** Texts of people who behave well, through this process, from now on to the end of the test. */
  async texts(): Promise<Texts> {
    const { sender, path, receiver } = await this.#pair()
    const texts = new Texts(sender, path, receiver)
    await texts.more(1)
    return texts
  }
}

async function handshake(socket: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const stream = connectTls({ socket, rejectUnauthorized: false, servername: 'localhost', ...options })
  stream.on('error', () => {})
  await once(stream, 'secureConnect')
  return stream
}

/** A relay by its listener with TLS and, where it has one, by the one without: alice writes to bob. */
export function relayVictims(relay: TestRelay, tcpPort?: number): Victim[] {
  const pair = async () => {
    const [sender, receiver] = [await relay.login(relay.alice), await relay.login(relay.bob)]
    return { sender, receiver, path: [sender.token, ...receiver.path] }
  }
  const uri = relay.uri.replace(/;tcp$/, '/nobody;tcp')
  const shared = { program: relay.program, uri, pair }
  const tls = new Victim({ ...shared, name: 'a relay over TLS', port: relay.port, secure: true })
  if (tcpPort === undefined) return [tls]
  return [tls, new Victim({ ...shared, name: 'a relay over TCP', port: tcpPort, secure: false })]
}

/** `msrp receive` over TLS and over TCP: its peer writes to it. */
export async function endpointVictims(): Promise<Victim[]> {
  return await Promise.all(
    [overTls, overTcp].map(async (way) => {
      const args = ['--count', '1000000']
      const { program, to } = await startReceiver(way, { args, lifetime: 'file', env: saysItsHeap })
      const uri = to[1] ?? ''
      const secure = way === overTls
      const victim = new Victim({
        name: `an endpoint over ${secure ? 'TLS' : 'TCP'}`,
        program,
        uri,
        port: Number(/:(\d+)\//.exec(uri)?.[1]),
        secure,
        pair: async () => {
          const { client } = await victim.connect({ uri: peer, stays: true })
          return { sender: client, path: [uri] }
        },
      })
      return victim
    }),
  )
}

/** The same for each test, so that it may take over from its last connection. */
const peer = 'msrps://friend.invalid:9000/friend;tcp'
