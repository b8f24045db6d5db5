import { dial, listenSockets, type SocketTransport } from '../../src/node/index.ts'
import { type ConnectedPair, transportCompliance } from './compliance.ts'
import { memoryPair } from './memory-transport.ts'
import { testAuthority } from './test-certificates.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] })

async function overSockets(secure: boolean): Promise<ConnectedPair> {
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

const stop = async (): Promise<void> => {}

transportCompliance({ name: 'memory', secure: false, connect: async () => ({ ...memoryPair(), stop }) })
transportCompliance({
  name: 'memory in small pieces',
  secure: true,
  connect: async () => ({ ...memoryPair({ split: 1777, capacity: 5000, secure: true }), stop }),
})
transportCompliance({ name: 'TCP', secure: false, connect: () => overSockets(false) })
transportCompliance({ name: 'TLS', secure: true, connect: () => overSockets(true) })
