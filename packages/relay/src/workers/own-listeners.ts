import type { ListenSettings } from '../config/sections/listen.ts'
import { workerCount, workerPorts } from '../config/sections/workers.ts'
import type { Settings } from '../config/settings.ts'

/** The listeners that each worker has for itself, beside those of all; a list for each worker. */
export function ownListeners({ workers, listen }: Pick<Settings, 'workers' | 'listen'>): ListenSettings[][] {
  const hosts = new Set(listen.filter(({ transport }) => transport === 'tls').map(({ host }) => host))
  const ports = workerPorts(workers)
  return Array.from({ length: workerCount(workers) }, (_, index) => {
    const port = ports[index]
    return port === undefined
      ? []
      : [...hosts].map((host) => ({ host, port, transport: 'tls' as const, proxyProtocolFrom: [] }))
  })
}
