import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'

const PORT = 7300

/**
 * Our relay as its command line starts it, with limits that the load does not meet. Without `tls` it runs as behind a proxy
 * that has ended TLS, since nobody can log in over plain TCP.
 */
export async function startRelay(
  folder: string,
  {
    tls,
    certificate,
    clone,
    cores,
    settings = [],
  }: {
    tls: boolean
    certificate: Certificate
    clone: string
    /** Those that it shares with the load; without them it has one for itself. */
    cores?: string
    /** Further lines of its configuration: tables. */
    settings?: readonly string[]
  },
): Promise<Peer> {
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
      `transport = "${tls ? 'tls' : 'tls-in-front'}"`,
      '[advertised]',
      'name = "localhost"',
      `port = ${PORT}`,
      '[tls]',
      'certificate = "relay.pem"',
      'key = "relay.key"',
      '[limits]',
      'connections = 20000',
      'connections_per_address = 20000',
      // Thousands of sessions are opened before the first one sends.
      'unauthenticated_time = 600',
      ...settings,
      '',
    ].join('\n'),
  )
  const program = join(clone, 'packages/cli/src/main.ts')
  const peer = await startPinned([process.execPath, program, 'relay', '--config', config], {
    port: PORT,
    folder,
    says: 'listens on',
    ...(cores === undefined ? {} : { cores }),
    load: [tls ? '--tls' : '--behind-tls', '--target', `127.0.0.1:${PORT}`, '--user', 'alice'],
  })
  const password = readFileSync(join(folder, 'state/alice.password'), 'utf8').trim()
  return { ...peer, environment: { LOAD_PASSWORD: password }, ...(cores === undefined ? {} : { loadCores: cores }) }
}
