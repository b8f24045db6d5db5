import type { TraceEvent } from 'msrp'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'

/** Shows what passes on the connections, for `--verbose`; the library has masked the credentials. */
export function traceTo(output: Output): (event: TraceEvent) => void {
  const start = performance.now()
  return ({ connection, direction, text }) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(3)
    const arrow = direction === 'in' ? '<' : '>'
    // An end-line names its request, so the time and the connection need not stand there again.
    if (text.startsWith('MSRP ')) output.say(output.faint(`${arrow} ${seconds} s  ${connection}`))
    for (const line of text.replace(/[\r\n]+$/, '').split(/\r?\n/)) {
      output.say(output.faint(`${arrow}   ${printableLine(line)}`))
    }
  }
}
