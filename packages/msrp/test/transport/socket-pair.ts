import { dial, listenSockets, type SocketTransport } from '../../src/node/index.ts'
import type { ConnectedPair } from './compliance.ts'
import { testAuthority } from './test-certificates.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] })

/** Two transports over TCP or TLS on loopback, one dialled and one accepted. */
export async function socketPair(secure: boolean): Promise<ConnectedPair> {
  const accepted = Promise.withResolvers<SocketTransport>()
  const listener = await listenSockets({
    host: '127.0.0.1',
    port: 0,
    ...(secure ? { tls: certificate } : {}),
    onTransport: (transport) => accepted.resolve(transport),
  })
  const { transport } = await dial({ ...listener.address, secure, tls: { ca: authority.ca } })
  return { left: transport, right: await accepted.promise, stop: () => listener.close({ transports: true }) }
}
