import { isIP } from 'node:net'
import { inconsistentUsers } from './inconsistent-users.ts'
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
  return listen.every(({ host, transport }) => isLoopback(host) && !isInFront(transport))
}

/** Whether TLS is taken off by somebody else, in front of the relay. */
export function isInFront(transport: ListenSettings['transport']): boolean {
  return transport === 'tls-in-front' || transport === 'ws'
}

/** What is wrong with settings that are each right by themselves. */
export function inconsistencies(settings: Unfinished): Inconsistency[] {
  const found: Inconsistency[] = []
  const refuse = (path: PropertyKey[], message: string): void => {
    found.push({ path, message })
  }
  const { listen, advertised, domains, tls, expires } = settings

  // RFC 4976 §8: AUTH goes over TLS only, so without such a listener nobody could use the relay.
  if (listen.every(({ transport }) => transport === 'tcp')) {
    refuse(
      ['listen'],
      'must hold at least one listener with transport = "tls", since clients authenticate over TLS only',
    )
  } else if (advertised.port === undefined && !listen.some(({ transport }) => transport === 'tls')) {
    const inFront = listen.some(({ transport }) => isInFront(transport))
    refuse(
      ['advertised', 'port'],
      inFront
        ? 'is missing; the relay cannot know on which port the proxy in front of it ends TLS'
        : 'is missing; those who do not come by WebSocket need a port for TLS. Add a listener with transport = "tls", or name the port that leads to one',
    )
  }
  for (const [index, { host, transport }] of listen.entries()) {
    // RFC 4976 §9: nobody but the proxy that took TLS off may be able to connect, or to listen in.
    if (isInFront(transport) && !isLoopback(host)) {
      refuse(
        ['listen', index, 'host'],
        `must be a loopback address such as "127.0.0.1" with transport = "${transport}", which takes plain TCP for TLS`,
      )
    }
  }
  const { cookie, origins, handshakeCredentials } = settings.webSocket
  if (cookie !== undefined && origins.includes('*')) {
    // Browsers send cookies along with the requests of any page: then the origin alone tells whose page it is.
    refuse(['webSocket', 'origins'], 'must name the pages that may connect when a cookie logs in, and not be "*"')
  }
  if (cookie !== undefined && !handshakeCredentials) {
    refuse(['webSocket', 'cookie'], 'is of no use with handshake_credentials = false; remove one of them')
  }
  for (const [index, { host, port }] of listen.entries()) {
    if (port !== 0 && listen.findIndex((other) => other.host === host && other.port === port) < index) {
      refuse(['listen', index, 'port'], `is taken by another listener on ${host}; choose another port`)
    }
  }
  if (!listensOnLoopbackAlone(listen)) {
    if (advertised.name === undefined) {
      refuse(['advertised', 'name'], `is missing; ${howToBeReached(listen)}`)
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
  for (const [index, { name, certificate, key }] of domains.entries()) {
    const first = domains.findIndex((other) => other.name.toLowerCase() === name.toLowerCase())
    if (first < index)
      refuse(['domains', index, 'name'], `is the name of domains[${first}] already; remove one of them`)
    if (certificate !== undefined && key === undefined) {
      refuse(['domains', index, 'key'], 'is missing; name the file with the key of the certificate')
    }
    if (key !== undefined && certificate === undefined) {
      refuse(
        ['domains', index, 'certificate'],
        'is missing; name the file with the certificate that the key belongs to',
      )
    }
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
  found.push(...inconsistentUsers(settings))
  return found
}

/** For a relay that others reach, and that nobody has given a name. */
function howToBeReached(listen: readonly ListenSettings[]): string {
  const open = listen.find(({ host }) => !isLoopback(host))
  const give = 'give the host name by which they reach the relay'
  if (open !== undefined) return `others can connect to ${open.host}: ${give}, or listen on "127.0.0.1" alone`
  const transport = listen.find((one) => isInFront(one.transport))?.transport
  return `the proxy in front of a listener with transport = "${transport}" brings others: ${give}, or "localhost" where nobody but this machine does`
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
