import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface SocketOptions {
  readonly port: number
  /** PEM of the authority to trust; without it the connection is plain TCP. */
  readonly ca?: string | Buffer
}

/** A connection to this machine, with the TLS handshake done. */
export async function openSocket({ port, ca }: SocketOptions): Promise<Socket> {
  const socket =
    ca === undefined
      ? connectTcp({ host: '127.0.0.1', port })
      : connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost' })
  await once(socket, ca === undefined ? 'connect' : 'secureConnect')
  socket.setNoDelay(true)
  socket.on('error', () => {})
  return socket
}
