import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { CertifiedKey } from '../../src/certificates/index.ts'

/** What both sides of a TLS connection thought of each other's certificates. */
export interface Handshake {
  readonly serverAuthorized: boolean
  /** The client's reason when not. */
  readonly reason?: string
  readonly clientAuthorized: boolean
  readonly clientNames?: string
}

/** One real TLS connection over loopback, with a client certificate asked for and nobody turned away. */
export async function handshake(options: {
  server: CertifiedKey
  client?: CertifiedKey
  /** Trusted by both sides, unless the server has its own. Undefined: what Node trusts. */
  ca?: string
  serverCa?: string
  /** Name or address that the client wants to reach. */
  servername: string
}): Promise<Handshake> {
  const { server, client, ca, serverCa = ca, servername } = options
  const listener = createServer({
    cert: server.certificate,
    key: server.key,
    ca: serverCa,
    requestCert: true,
    rejectUnauthorized: false,
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  try {
    const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>
    const isAddress = /^[\d.]+$/.test(servername)
    const socket = connect({
      port: (listener.address() as AddressInfo).port,
      host: '127.0.0.1',
      // Over an address TLS carries no name; Node then compares with the host it connected to.
      ...(isAddress ? {} : { servername }),
      ca,
      cert: client?.certificate,
      key: client?.key,
      rejectUnauthorized: false,
    })
    const [[far]] = await Promise.all([accepted, once(socket, 'secureConnect')])
    // The client's certificate is seen once the server has finished its side too; a byte back says that it has.
    far.end('x')
    await once(socket, 'data')
    const result: Handshake = {
      serverAuthorized: socket.authorized,
      reason:
        (socket.authorizationError as (Error & { code?: string }) | null)?.code ??
        String(socket.authorizationError ?? ''),
      clientAuthorized: far.authorized,
      clientNames: far.getPeerX509Certificate()?.subjectAltName,
    }
    socket.destroy()
    far.destroy()
    return result
  } finally {
    listener.close()
  }
}
