import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'
import { formatBytes, formatDuration, formatRate } from '../terminal/units.ts'

/** A message that was delivered, provably. */
export interface Sent {
  /** How it is called here. */
  readonly label: string
  readonly messageId: string
  /** What the receiver calls it; null for what has no name. */
  readonly name: string | null
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Bytes that earlier transfers had brought. */
  readonly from?: number
  readonly seconds: number
  /** A text is told by a shorter line. */
  readonly text?: boolean
}

/** Tells that something was delivered, with its hash, which the receiver prints as well. */
export function tellSent(
  { label, messageId, name, size, sha256, from = 0, seconds, text = false }: Sent,
  output: Output,
): void {
  output.event({ event: 'sent', messageId, name, size, sha256, ...(from === 0 ? {} : { from }) })
  if (output.json) return
  const what = printableLine(label)
  if (text) {
    output.say(`${what} was delivered`)
    return
  }
  const rate = seconds > 0 ? `, ${formatRate((size - from) / seconds)}` : ''
  const rest = from === 0 ? formatBytes(size) : `the last ${formatBytes(size - from)} of ${formatBytes(size)}`
  output.say(`${what} was delivered: ${rest} in ${formatDuration(seconds)}${rate}  sha256 ${sha256}`)
}
