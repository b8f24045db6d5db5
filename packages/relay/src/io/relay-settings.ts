import { networkInterfaces } from 'node:os'
import { policySettings, type Settings } from '../config/index.ts'
import type { RelaySettings } from '../forwarding/settings.ts'
import type { WorkerAssignment } from '../workers/assignment.ts'
import type { OpenListener } from './listeners.ts'

/** What the relay's state is told of the settings. `listeners` as they are open; `worker`: which of several processes this is. */
export function relaySettings(
  settings: Settings,
  listeners: readonly OpenListener[],
  worker?: WorkerAssignment,
): RelaySettings {
  const { limits, advertised } = settings
  const firstTls = listeners.find(({ transport }) => transport === 'tls')?.port
  // Every worker is addressed by the ports of all.
  const bound = [...listeners, ...(worker?.listeners ?? [])].map(({ port }) => port)
  const ports = [...(advertised.port === undefined ? [] : [advertised.port]), ...bound]
  return {
    names: [
      advertised.name,
      ...settings.domains.map(({ host }) => host),
      ...listeners.flatMap(({ host }) => addressesOf(host)),
    ],
    ports: [worker?.port ?? advertised.port ?? firstTls ?? 2855, ...ports],
    realm: settings.realm,
    domains: settings.domains,
    unlistedDomains: settings.unlistedDomains,
    chains: settings.chains,
    expires: settings.expires,
    algorithms: settings.digest.algorithms,
    nonceLifetime: settings.digest.nonceLifetime,
    probation: limits.unauthenticatedTime,
    authFailures: limits.authFailures,
    tokensPerConnection: limits.tokensPerConnection,
    flowBuffer: limits.bufferPerFlow,
    totalBuffer: limits.totalBuffer,
    stalled: limits.stalledTime,
    outboundConnections: limits.outboundConnections,
    sharedConnectionsTo: settings.sharedConnectionsTo,
    policy: policySettings(settings),
    limits,
    worker: worker && { index: worker.index, count: worker.count },
  }
}

/** A listener on every address is reached by each of them. */
function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}
