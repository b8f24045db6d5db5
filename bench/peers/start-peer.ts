import type { PeerName } from '../case.ts'
import { startBareTls } from './bare-tls.ts'
import type { Certificate } from './certificate.ts'
import { startHaproxy } from './haproxy.ts'
import { startKamailio } from './kamailio.ts'
import type { Peer } from './peer.ts'
import { startRelay } from './relay.ts'

/** Starts a peer with its files in the folder. */
export function startPeer(
  name: Exclude<PeerName, 'none'>,
  folder: string,
  options: { tls: boolean; certificate: Certificate; clone: string },
): Promise<Peer> {
  switch (name) {
    case 'relay':
      return startRelay(folder, options)
    case 'kamailio-1':
      return startKamailio(folder, { ...options, children: 1 })
    case 'kamailio-4':
      return startKamailio(folder, { ...options, children: 4 })
    case 'haproxy-16k':
      return startHaproxy(folder, { ...options, buffer: 16_384 })
    case 'haproxy-64k':
      return startHaproxy(folder, { ...options, buffer: 65_536 })
    case 'haproxy-splice':
      return startHaproxy(folder, { ...options, buffer: 16_384, splice: true })
    case 'bare-tls':
      return startBareTls(folder, options.certificate)
    default:
      return name satisfies never
  }
}
