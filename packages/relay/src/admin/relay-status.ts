import { PROTOCOLS, type Protocol } from '../forwarding/protocol.ts'
import type { Administered } from './administered.ts'

/** How a relay is, as `GET /status` tells of it. Times are ISO 8601 in UTC, sizes bytes. */
export interface RelayStatus {
  readonly version: string
  readonly state: 'starting' | 'running' | 'draining'
  readonly started: string
  /** Whether users can be looked up. */
  readonly users: 'reachable' | 'unreachable'
  readonly sessions: number
  readonly connections: Readonly<Record<Protocol, { readonly inbound: number; readonly outbound: number }>>
  readonly buffer: { readonly bytes: number; readonly limit: number }
  /** SEND requests that went out, and their bodies. */
  readonly forwarded: { readonly chunks: number; readonly bytes: number }
  readonly certificateExpires: string | null
}

/** How a relay is now. */
export function relayStatus(administered: Administered, usersReachable: boolean): RelayStatus {
  const { version, started, state, relay, bufferLimit, certificateExpires } = administered
  const traffic = relay?.traffic
  const connections = PROTOCOLS.map((protocol) => {
    const { openInbound = 0, openOutbound = 0 } = traffic?.[protocol] ?? {}
    return [protocol, { inbound: openInbound, outbound: openOutbound }] as const
  })
  return {
    version,
    state,
    started: isoTime(started),
    users: usersReachable ? 'reachable' : 'unreachable',
    sessions: relay?.tokens ?? 0,
    connections: Object.fromEntries(connections) as RelayStatus['connections'],
    buffer: { bytes: relay?.buffered ?? 0, limit: bufferLimit },
    forwarded: { chunks: relay?.counters.chunksForwarded ?? 0, bytes: relay?.counters.bodyBytes ?? 0 },
    certificateExpires: certificateExpires === undefined ? null : isoTime(certificateExpires),
  }
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
