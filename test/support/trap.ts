import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A port that nobody should ever connect to, and that notices when somebody does. */
export class Trap {
  readonly port: number
  readonly #server: Server
  /** Far ports of all connections that were accepted, in order. */
  readonly #accepted: (number | undefined)[] = []
  readonly #own = new Set<number | undefined>()
  readonly #sockets: Set<Socket> = new Set()

  /** Listens on a free port of 127.0.0.1 until the end of the test. */
  static async listen(): Promise<Trap> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Trap(server)
  }

  constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      this.#accepted.push(socket.remotePort)
      this.#sockets.add(socket)
      socket.on('error', () => {})
    })
    onTestFinished(() => {
      server.close()
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  /** A URI of a peer that pretends to be here. */
  get uri(): string {
    return `msrps://127.0.0.1:${this.port}/trap;tcp`
  }

  /**
   * How often somebody connected. The count is taken behind a connection of its own, and connections are accepted in
   * the order in which they come: whatever began to connect before is in it.
   */
  async connections(): Promise<number> {
    const probe = connect(this.port, '127.0.0.1')
    await once(probe, 'connect')
    const { localPort } = probe
    this.#own.add(localPort)
    while (!this.#accepted.includes(localPort)) await once(this.#server, 'connection')
    probe.destroy()
    return this.#accepted.filter((port) => !this.#own.has(port)).length
  }

  /** Resolves when somebody connects, or has. */
  async sprung(): Promise<void> {
    while (this.#accepted.length === 0) await once(this.#server, 'connection')
  }
}
