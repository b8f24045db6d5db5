import { join, parse } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { WorkerPlace } from '../forwarding/siblings.ts'
import type { BoundListener } from '../io/outbound-policy.ts'
import type { SiblingSockets } from './sibling-sockets.ts'

/** What a worker is given by the process that starts it, beside the settings. It goes over a pipe that nobody else sees. */
export interface WorkerAssignment extends WorkerPlace {
  /** The key that nonces are made with, in base64: a challenge of one worker may be answered at another. */
  readonly nonceKey: string
  readonly sockets: SiblingSockets
  /** The port in its URIs; undefined: that of all. */
  readonly port?: number | undefined
  /** Where any of the workers listens. */
  readonly listeners: readonly BoundListener[]
}

/**
 * The settings of the worker `index`: what only one process can have goes to the first, and the others have their own beside
 * it. The admin port is the next one for each, the admin socket and the file of records have the index in their names.
 */
export function ofWorker(settings: Settings, index: number): Settings {
  if (index === 0) return settings
  const { admin, accounting } = settings
  const { port, socket } = admin
  const { file } = accounting
  return {
    ...settings,
    admin: {
      ...admin,
      ...(port === undefined || port === 0 ? {} : { port: port + index }),
      ...(socket === undefined ? {} : { socket: numbered(socket, index) }),
    },
    accounting: { ...accounting, ...(file === undefined ? {} : { file: numbered(file, index) }) },
  }
}

/** `records.1.jsonl` for `records.jsonl`. */
function numbered(path: string, index: number): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}.${index}${ext}`)
}

/**
 * The settings by which one of `count` workers runs: what bounds the whole relay is divided among them. Everything that
 * concerns one connection, one address or one user holds for each worker by itself.
 */
export function shareOf(settings: Settings, count: number): Settings {
  const { limits } = settings
  const share = (whole: number): number => Math.ceil(whole / count)
  return {
    ...settings,
    limits: {
      ...limits,
      connections: share(limits.connections),
      outboundConnections: share(limits.outboundConnections),
      totalBuffer: share(limits.totalBuffer),
    },
  }
}
