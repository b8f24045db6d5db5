import type { RandomBytes } from '../wire/index.ts'

/** A DNS record of type SRV (RFC 2782), named as Node names its parts: `name` is the target host. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  /** Lower is tried first. 0 … 65535. */
  readonly priority: number
  /** Share of the load among records of one priority. 0 … 65535. */
  readonly weight: number
}

/**
 * The order in which to try the targets of a service: by priority, and within one priority by lot, each record's
 * chance in proportion to its weight (RFC 2782, "Weight").
 *
 * `random`: an evenly distributed integer from 0 to its argument, both included.
 */
export function orderSrv(records: readonly SrvRecord[], random: (most: number) => number): SrvRecord[] {
  const ordered: SrvRecord[] = []
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b)
  for (const priority of priorities) {
    // Records of weight 0 stand first, so that they are drawn only when the lot is 0: rarely, but not never.
    const left = records.filter((record) => record.priority === priority).sort((a, b) => zeroFirst(a) - zeroFirst(b))
    while (left.length > 0) {
      const total = left.reduce((sum, { weight }) => sum + weight, 0)
      const lot = random(total)
      let running = 0
      const drawn = left.findIndex(({ weight }) => {
        running += weight
        return running >= lot
      })
      ordered.push(...left.splice(Math.max(0, drawn), 1))
    }
  }
  return ordered
}

function zeroFirst(record: SrvRecord): number {
  return record.weight === 0 ? 0 : 1
}

/** Evenly distributed integers from random bytes; for ranges far below 2^48, where the bias of a remainder vanishes. */
export function uniform(random: RandomBytes): (most: number) => number {
  return (most) => {
    let value = 0
    for (const byte of random(6)) value = value * 256 + byte
    return value % (most + 1)
  }
}
