import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'
import { filledIn } from './template.ts'

const PORT = 7100
const BACKEND = 7101

/** HAProxy in TCP mode; `buffer` in bytes. */
export function startHaproxy(
  folder: string,
  { tls, buffer, certificate }: { tls: boolean; buffer: number; certificate: Certificate },
): Promise<Peer> {
  writeFileSync(join(folder, 'both.pem'), certificate.chain + certificate.key)
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    filledIn('haproxy.cfg', {
      PORT: String(PORT),
      BACKEND: String(BACKEND),
      BUFFER: String(buffer),
      BIND: tls ? `ssl crt ${join(folder, 'both.pem')}` : '',
      SERVER: tls ? 'ssl verify none' : '',
    }),
  )
  return startPinned(['haproxy', '-f', file], {
    port: PORT,
    folder,
    load: ['--via', 'proxy', '--target', `127.0.0.1:${PORT}`, '--listen', `127.0.0.1:${BACKEND}`],
  })
}
