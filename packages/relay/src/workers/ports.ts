import { createServer, type Server } from 'node:net'
import { listenSockets } from 'msrp/node'
import type { ListenSettings } from '../config/index.ts'

/** Listeners whose ports are known, before those who share them listen there. */
export interface ReservedPorts {
  readonly listen: readonly ListenSettings[]
  /** Once others listen there. */
  release(): Promise<void>
}

/**
 * Finds a free port where one is left open, and keeps it until others listen there too. Ports that are named must not be in
 * use: several processes that share a port would not notice it of another program that shares it as well.
 * @throws MsrpError `unreachable`
 */
export async function reservePorts(listen: readonly ListenSettings[]): Promise<ReservedPorts> {
  const servers: Server[] = []
  const release = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  }
  const known: ListenSettings[] = []
  try {
    for (const each of listen) {
      // Told in the same words as by a relay in one process.
      const { host } = each
      const free = await listenSockets({ host, port: each.port, onTransport: (transport) => transport.destroy() })
      await free.close()
      const port = each.port === 0 ? await keep(each.host, servers) : each.port
      known.push({ ...each, port })
    }
  } catch (error) {
    await release()
    throw error
  }
  return { listen: known, release }
}

/** A free port that is kept in a way that lets others share it. */
function keep(host: string, servers: Server[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer((socket) => socket.destroy())
  servers.push(server)
  server.once('error', reject)
  server.listen({ host, port: 0, reusePort: true }, () => {
    const bound = server.address()
    resolve(typeof bound === 'object' && bound !== null ? bound.port : 0)
  })
  return promise
}
