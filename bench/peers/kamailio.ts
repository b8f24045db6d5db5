import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'
import { filledIn } from './template.ts'

const PORT = 7200

/** Kamailio as a relay over TLS, with so many processes for connections. */
export function startKamailio(
  folder: string,
  { children, certificate }: { children: number; certificate: Certificate },
): Promise<Peer> {
  const password = randomBytes(12).toString('hex')
  const values = { PORT: String(PORT), CHILDREN: String(children), FOLDER: folder, PASSWORD: password }
  const written = {
    'cert.pem': certificate.chain,
    'key.pem': certificate.key,
    'kamailio.cfg': filledIn('kamailio.cfg', values),
    'tls.cfg': filledIn('tls.cfg', values),
  }
  for (const [name, text] of Object.entries(written)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  const run = join(folder, 'run')
  mkdirSync(run, { recursive: true })
  const memory = ['-m', '1024', '-M', '32']
  return startPinned(
    [
      'kamailio',
      '-DD',
      '-E',
      ...memory,
      '-w',
      folder,
      '-Y',
      run,
      '-f',
      join(folder, 'kamailio.cfg'),
      '-L',
      modulesFolder('msrp.so') ?? '',
    ],
    {
      port: PORT,
      folder,
      load: ['--tls', '--target', `127.0.0.1:${PORT}`, '--user', 'alice'],
      environment: { LOAD_PASSWORD: password },
      // It listens before those of its processes are there that answer.
      settle: 500,
    },
  )
}

/** Where the module is: Debian puts them under the name of the machine's architecture. */
export function modulesFolder(module: string): string | undefined {
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'kamailio/modules'))
  return folders.find((folder) => existsSync(join(folder, module)))
}
