import { isIP } from 'node:net'
import { isLoopback } from './network.ts'
import type { Unfinished } from './schema.ts'
import type { ListenSettings } from './sections/listen.ts'
import { type WorkerSettings, workerPorts } from './sections/workers.ts'

/** A setting that does not fit another one. */
export interface Inconsistency {
  readonly path: readonly PropertyKey[]
  /** To be read after the key. */
  readonly message: string
}

/** True when nobody but this machine can connect. A proxy in front brings others. */
export function listensOnLoopbackAlone(listen: readonly ListenSettings[]): boolean {
  return listen.every(({ host, transport }) => isLoopback(host) && transport !== 'tls-in-front')
}

/** What is wrong with settings that are each right by themselves. */
export function inconsistencies(settings: Unfinished): Inconsistency[] {
  const found: Inconsistency[] = []
  const refuse = (path: PropertyKey[], message: string): void => {
    found.push({ path, message })
  }
  const { listen, advertised, tls, expires } = settings

  // RFC 4976 §8: AUTH goes over TLS only, so without such a listener nobody could use the relay.
  if (listen.every(({ transport }) => transport === 'tcp')) {
    refuse(
      ['listen'],
      'must hold at least one listener with transport = "tls", since clients authenticate over TLS only',
    )
  } else if (advertised.port === undefined && !listen.some(({ transport }) => transport === 'tls')) {
    refuse(['advertised', 'port'], 'is missing; the relay cannot know on which port the proxy in front of it ends TLS')
  }
  for (const [index, { host, transport }] of listen.entries()) {
    // RFC 4976 §9: nobody but the proxy that took TLS off may be able to connect, or to listen in.
    if (transport === 'tls-in-front' && !isLoopback(host)) {
      refuse(
        ['listen', index, 'host'],
        'must be a loopback address such as "127.0.0.1" with transport = "tls-in-front", which takes plain TCP for TLS',
      )
    }
  }
  for (const [index, { host, port }] of listen.entries()) {
    if (port !== 0 && listen.findIndex((other) => other.host === host && other.port === port) < index) {
      refuse(['listen', index, 'port'], `is taken by another listener on ${host}; choose another port`)
    }
  }
  if (!listensOnLoopbackAlone(listen)) {
    if (advertised.name === undefined) {
      refuse(
        ['advertised', 'name'],
        'is missing; beyond loopback the relay needs the host name by which others reach it',
      )
    } else if (isIP(advertised.name) !== 0) {
      // RFC 4976 §4.2: the URIs of Use-Path name the relay by its domain name.
      refuse(
        ['advertised', 'name'],
        'must be a host name and not an address, unless the relay listens on loopback alone',
      )
    }
  }
  if (tls.certificate !== undefined && tls.key === undefined)
    refuse(['tls', 'key'], 'is missing; name the file with the key of tls.certificate')
  if (tls.key !== undefined && tls.certificate === undefined) {
    refuse(['tls', 'certificate'], 'is missing; name the file with the certificate that tls.key belongs to')
  }
  found.push(...workerInconsistencies(settings.workers, listen))
  if (expires.minimum > expires.maximum)
    refuse(['expires', 'minimum'], `must not be above expires.maximum, ${expires.maximum}`)
  else if (expires.default < expires.minimum || expires.default > expires.maximum) {
    refuse(
      ['expires', 'default'],
      `must lie between expires.minimum, ${expires.minimum}, and expires.maximum, ${expires.maximum}`,
    )
  }
  return found
}

function workerInconsistencies(workers: WorkerSettings, listen: readonly ListenSettings[]): Inconsistency[] {
  const ports = workerPorts(workers)
  const [first, last] = [ports[0], ports.at(-1)]
  if (first === undefined || last === undefined) return []
  const at = (key: keyof WorkerSettings, message: string): Inconsistency[] => [{ path: ['workers', key], message }]
  // Behind a proxy nobody could reach the port of one worker.
  if (listen.every(({ transport }) => transport !== 'tls')) {
    return at('mode', 'must be "single-port" where no listener has transport = "tls"')
  }
  if (last > 65_535)
    return at('firstPort', `must not be above ${65_535 - ports.length + 1} with ${ports.length} workers`)
  const taken = listen.find(({ port }) => ports.includes(port))
  if (taken === undefined) return []
  return at('firstPort', `gives the workers ports ${first} to ${last}, of which a listener has ${taken.port}`)
}
