import { availableParallelism } from 'node:os'
import type { z } from 'zod'
import { oneOf, section, whole } from '../field.ts'

/** Several processes that are one relay. */
export interface WorkerSettings {
  /** How many; 0: as many as the machine has cores. Default: 1, everything in one process. */
  readonly count: number
  /**
   * `ports`, the default: each worker has a port of its own beside those that all share, and its URIs name it, so that
   * peers and relays come to the right worker at once. `single-port`: all have the shared ports alone, and pass on what is
   * another one's.
   */
  readonly mode: 'ports' | 'single-port'
  /** Port of the first worker in mode `ports`; the others have those above it. Default: 2856. */
  readonly firstPort: number
}

/** `[workers]` */
export function workersSection(): z.ZodType<WorkerSettings> {
  return section('Several processes that are one relay: docs/workers.md.', {
    count: whole(0, 64, 1, 'How many processes carry messages; 0: as many as there are cores.'),
    mode: oneOf(
      ['ports', 'single-port'],
      'ports',
      'With `"ports"` each worker has a port of its own beside the shared ones, which its URIs name, and others come to it at once. With `"single-port"` there are the shared ones alone, and what comes to the wrong worker is passed on.',
    ),
    firstPort: whole(
      1,
      65535,
      2856,
      'The port of the first worker with `mode = "ports"`, on the addresses of the listeners with TLS; the others have those above it.',
    ),
  })
}

/** How many processes carry messages; 1 when there are no workers. */
export function workerCount({ count }: WorkerSettings): number {
  return count === 0 ? availableParallelism() : count
}

/** The ports that the workers have for themselves, by their indices. */
export function workerPorts(settings: WorkerSettings): number[] {
  const count = workerCount(settings)
  if (count === 1 || settings.mode === 'single-port') return []
  return Array.from({ length: count }, (_, index) => settings.firstPort + index)
}
