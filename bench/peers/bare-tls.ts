import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'

const PORT = 7400

const program = new URL('bare-tls-server.ts', import.meta.url).pathname

/** What Node.js itself needs to hold connections: a `tls.Server` that does nothing with them. */
export function startBareTls(folder: string, certificate: Certificate): Promise<Peer> {
  const [chain, key] = [join(folder, 'server.pem'), join(folder, 'server.key')]
  writeFileSync(chain, certificate.chain)
  writeFileSync(key, certificate.key, { mode: 0o600 })
  return startPinned([process.execPath, program, String(PORT), chain, key], {
    port: PORT,
    folder,
    load: ['--tls', '--via', 'nobody', '--target', `127.0.0.1:${PORT}`],
  })
}
