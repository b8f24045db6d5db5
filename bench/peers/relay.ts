import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'

const PORT = 7300

const program = new URL('../../packages/cli/src/main.ts', import.meta.url).pathname

/** Our relay as its command line starts it, over TLS, with limits that the load does not meet. */
export async function startRelay(folder: string, certificate: Certificate): Promise<Peer> {
  writeFileSync(join(folder, 'relay.pem'), certificate.chain, { mode: 0o600 })
  writeFileSync(join(folder, 'relay.key'), certificate.key, { mode: 0o600 })
  const config = join(folder, 'relay.toml')
  writeFileSync(
    config,
    [
      `state_folder = "${join(folder, 'state')}"`,
      '[[listen]]',
      'host = "127.0.0.1"',
      `port = ${PORT}`,
      '[tls]',
      'certificate = "relay.pem"',
      'key = "relay.key"',
      '[limits]',
      'connections = 20000',
      'connections_per_address = 20000',
      '',
    ].join('\n'),
  )
  const peer = await startPinned([process.execPath, program, 'relay', '--config', config], {
    port: PORT,
    folder,
    load: ['--tls', '--target', `127.0.0.1:${PORT}`, '--user', 'alice'],
  })
  const password = readFileSync(join(folder, 'state/alice.password'), 'utf8').trim()
  return { ...peer, environment: { LOAD_PASSWORD: password } }
}
