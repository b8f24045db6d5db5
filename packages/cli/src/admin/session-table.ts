import type { ListedSession } from 'msrp-relay'
import { printableLine } from '../terminal/printable.ts'
import { formatBytes, formatDuration } from '../terminal/units.ts'

type Row = readonly [
  id: string,
  account: string,
  since: string,
  from: string,
  sent: string,
  received: string,
  peers: string,
]

const heads: Row = ['ID', 'ACCOUNT', 'SINCE', 'FROM', 'SENT', 'RECEIVED', 'PEERS']

/** Columns of numbers, which are read from the right. */
const numbers: readonly number[] = [2, 4, 5]

/** Sessions as lines of a table. Its columns are as wide as the first sessions need. */
export class SessionTable {
  readonly #now: number
  #widths: readonly number[] | undefined

  /** `now` in milliseconds since 1970. */
  constructor(now: number) {
    this.#now = now
  }

  /** Lines for a page of sessions; the first begins with the heads of the columns. */
  lines(sessions: readonly ListedSession[]): string[] {
    const rows = sessions.map((session) => this.#row(session))
    const isFirst = this.#widths === undefined
    const shown = isFirst ? [heads, ...rows] : rows
    this.#widths ??= heads.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)))
    const widths = this.#widths
    return shown.map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return numbers.includes(column) ? cell.padStart(width) : cell.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
  }

  #row({ id, account, since, client, via, sent, received, peers }: ListedSession): Row {
    const seconds = (this.#now - Date.parse(since)) / 1000
    const from = via === null ? client : `${client} (behind ${via})`
    const [first, ...others] = peers.map(({ address }) => address)
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    return [
      id,
      printableLine(account),
      formatDuration(seconds),
      printableLine(from),
      formatBytes(sent.bytes),
      formatBytes(received.bytes),
      first === undefined ? '-' : printableLine(`${first}${more}`),
    ]
  }
}
