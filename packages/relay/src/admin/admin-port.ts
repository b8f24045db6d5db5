import { once } from 'node:events'
import { chmod, lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createConnection } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { MsrpError } from 'msrp/wire'

/** Who looks at a relay are a few programs; nobody needs more connections than this. */
const CONNECTIONS = 64

/** Times in milliseconds. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
}

/** Where the admin port is. */
export interface AdminAddress {
  /** With `port`: a TCP port there; 0 takes a free one. */
  readonly host: string
  readonly port: number | undefined
  /** Path of a unix socket, which its owner and its group may use. */
  readonly socket: string | undefined
}

/** Answers a request; `bySocket`: it came over the unix socket, which no web page can have a browser use. */
type Answer = (request: Request, bySocket: boolean) => Response | Promise<Response>

/** The admin port, open. */
export interface OpenAdminPort {
  /** The TCP address, with the port it really got. */
  readonly address: { readonly host: string; readonly port: number } | undefined
  /** Stops; calls under way are cut off. */
  close(): Promise<void>
}

/**
 * Opens the admin port.
 * @throws MsrpError `unreachable` when the address, port or socket cannot be had
 */
export async function openAdminPort({ host, port, socket }: AdminAddress, answer: Answer): Promise<OpenAdminPort> {
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(stop))
  }
  try {
    let address: OpenAdminPort['address']
    if (port !== undefined) {
      const server = await listen(
        (request) => answer(request, false),
        { host, port },
        `${host.includes(':') ? `[${host}]` : host}:${port}`,
      )
      servers.push(server)
      const bound = server.address()
      if (typeof bound === 'object' && bound !== null) address = { host: bound.address, port: bound.port }
    }
    if (socket !== undefined) {
      await removeLeftOver(socket)
      servers.push(await listen((request) => answer(request, true), { path: socket }, socket))
      await chmod(socket, 0o660)
    }
    return { address, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  at: { host: string; port: number } | { path: string },
  name: string,
): Promise<Server> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false, serverOptions: TIMEOUTS }) as Server
  server.maxConnections = CONNECTIONS
  server.listen(at)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'something else listens there; choose another' : message
    throw new MsrpError('unreachable', `cannot open the admin port at ${name}: ${reason}`, { cause: error })
  }
  return server
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** A relay that was killed leaves the name of its socket; one that still runs answers there. */
async function removeLeftOver(path: string): Promise<void> {
  // Connecting to any other file is refused in the same words, and that file is somebody's.
  if ((await lstat(path).catch(() => undefined))?.isSocket() !== true) return
  const connection = createConnection({ path })
  try {
    await once(connection, 'connect')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await unlink(path).catch(() => {})
  } finally {
    connection.destroy()
  }
}
