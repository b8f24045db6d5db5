import { isIP } from 'node:net'
import { DEFAULT_LIMITS, type DigestAlgorithm, digestAlgorithm } from 'msrp/wire'
import { z } from 'zod'
import { isCertifiableName } from '../certificates/issue.ts'
import { isDomain } from '../users/user-address.ts'
import { flag, oneOf, table, text, whole } from './field.ts'
import { parseNetwork } from './network.ts'
import type { Settings } from './settings.ts'

/** What defaults depend on, of the machine and of the way the relay is run. */
export interface Surroundings {
  /** Whether this machine has the address ::1. */
  readonly ipv6Loopback: boolean
  /** Where state goes when nothing else is said. */
  readonly stateFolder: string
}

const defaultPort = 2855

/** The rules for settings, with `surroundings` behind the defaults. Paths come out as they came in. */
export function settingsSchema(surroundings: Surroundings): z.ZodType<Unfinished> {
  const defaultListen = (surroundings.ipv6Loopback ? ['127.0.0.1', '::1'] : ['127.0.0.1']).map((host) => ({ host }))
  return table({
    listen: z
      .array(listener, { error: 'must be a list of tables, written [[listen]]' })
      .min(1, { error: 'must not be empty' })
      .prefault(defaultListen),
    advertised: table({
      name: hostName.optional(),
      port: z
        .int({ error: portExpected })
        .min(1, { error: portExpected })
        .max(65535, { error: portExpected })
        .optional(),
    }).prefault({}),
    realm: text('a domain such as "example.com", which users have after the @', (value) =>
      isDomain(value.toLowerCase()),
    )
      .transform(lowerCase)
      .optional(),
    tls: table({
      certificate: path.optional(),
      key: path.optional(),
      ca: path.optional(),
      minimumVersion: oneOf(['1.2', '1.3'], '1.2'),
    }).prefault({}),
    lastHopTls: oneOf(['strict', 'lenient'], 'strict'),
    plainTcpToPeers: flag(false),
    expires: table({
      default: whole(1, maximumExpires, 3600),
      minimum: whole(1, maximumExpires, 60),
      maximum: whole(1, maximumExpires, 86_400),
    }).prefault({}),
    limits: table({
      connections: whole(1, 1_000_000, 10_000),
      connectionsPerAddress: whole(1, 1_000_000, 1000),
      outboundConnections: whole(1, 1_000_000, 10_000),
      headerLineBytes: whole(256, 1_048_576, DEFAULT_LIMITS.headerLineBytes),
      headerBlockBytes: whole(1024, 1_048_576, DEFAULT_LIMITS.headerBlockBytes),
      pathUris: whole(2, 1000, DEFAULT_LIMITS.pathUris),
      // RFC 4975 §7.1: nobody may send more than the default.
      nonSendBodyBytes: whole(0, DEFAULT_LIMITS.nonSendBodyBytes, DEFAULT_LIMITS.nonSendBodyBytes),
      tokensPerConnection: whole(1, 1_000_000, 1000),
      bufferPerFlow: whole(16_384, 1_073_741_824, 262_144),
      totalBuffer: whole(1_048_576, 1_099_511_627_776, 268_435_456),
      stalledTime: whole(1, 86_400, 300),
      connectTime: whole(1, 300, 10),
      unauthenticatedTime: whole(1, 3600, 30),
      authFailures: whole(1, 1000, 5),
    }).prefault({}),
    outbound: table({
      allowLoopback: z
        .boolean({ error: 'must be true or false (left out: true when listening on loopback alone)' })
        .optional(),
      allowPrivate: flag(false),
      allow: networks,
      deny: networks,
    }).prefault({}),
    sharedConnectionsTo: z.array(hostName, { error: 'must be a list of host names' }).default([]),
    digest: table({
      algorithms: z
        .array(algorithm, { error: algorithmsExpected })
        .min(1, { error: algorithmsExpected })
        .refine((list) => new Set(list).size === list.length, { error: 'must not name an algorithm twice' })
        .default(['md5']),
      nonceLifetime: whole(1, 86_400, 300),
    }).prefault({}),
    users: table({ database: path.optional() }).prefault({}),
    log: table({
      level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
      format: oneOf(['json', 'pretty', 'auto'], 'auto'),
    }).prefault({}),
    stateFolder: path.default(surroundings.stateFolder),
    drain: whole(0, 86_400, 10),
  })
}

/** Settings whose remaining defaults follow from others. */
export type Unfinished = Omit<Settings, 'advertised' | 'realm' | 'outbound' | 'users'> & {
  readonly advertised: { name?: string; port?: number }
  readonly realm?: string
  readonly outbound: Omit<Settings['outbound'], 'allowLoopback'> & { allowLoopback?: boolean }
  readonly users: { database?: string }
}

const maximumExpires = 31_536_000
const portExpected = 'must be a port from 1 to 65535 (left out: the port of the first listener with TLS)'
const algorithmsExpected = 'must be a list of "MD5" and "SHA-256" (left out: ["MD5"])'

const algorithm = z.string({ error: algorithmsExpected }).transform((name, context): DigestAlgorithm => {
  const known = digestAlgorithm(name)
  if (known === undefined) context.addIssue({ code: 'custom', message: algorithmsExpected })
  return known ?? z.NEVER
})

const lowerCase = (value: string): string => value.toLowerCase()

const path = text('the path of a file or folder', (value) => value !== '' && !value.includes('\0'))

const hostName = text(
  'a host name such as "relay.example.com"',
  (value) => isCertifiableName(value) && !value.startsWith('*'),
).transform(lowerCase)

const networks = z
  .array(
    text('a network such as "10.1.0.0/16" or "2001:db8::/32"', (value) => parseNetwork(value) !== undefined),
    { error: 'must be a list of networks such as ["10.1.0.0/16"]' },
  )
  .default([])

const listener = table({
  host: text('an IP address such as "127.0.0.1", "::1" or "0.0.0.0"', (value) => isIP(value) !== 0),
  port: whole(0, 65535, defaultPort),
  transport: oneOf(['tls', 'tcp', 'tls-in-front'], 'tls'),
})
