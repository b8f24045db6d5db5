import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type Peer, startPinned } from './peer.ts'
import { filledIn } from './template.ts'

const PORT = 7100
const BACKEND = 7101

/** HAProxy in TCP mode; `buffer` in bytes. With `splice` bytes stay in the kernel, which TLS does not allow. */
export function startHaproxy(
  folder: string,
  {
    tls,
    buffer,
    splice = false,
    certificate,
  }: { tls: boolean; buffer: number; splice?: boolean; certificate: Certificate },
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
      SPLICE: splice ? 'option splice-request\n\toption splice-response' : '',
      SERVER: tls ? 'ssl verify none' : '',
    }),
  )
  return startPinned(['haproxy', '-f', file], {
    port: PORT,
    folder,
    load: ['--via', 'proxy', '--target', `127.0.0.1:${PORT}`, '--listen', `127.0.0.1:${BACKEND}`],
  })
}
