import type { ContinuationFlag } from '../../src/wire/index.ts'
import type { RecordedChunk } from './recorder.ts'

/**
 * MSRP read in the slowest and plainest way, from one complete string of one character a byte, by RFC 4975 §7.1 and §9
 * alone. The oracle for the real parser: it shares no code with it. Only for input that is sound.
 */
export function naiveParse(input: string): RecordedChunk[] {
  const chunks: RecordedChunk[] = []
  let rest = input
  for (;;) {
    while (rest.startsWith('\r\n')) rest = rest.slice(2)
    if (rest === '') return chunks
    const [startLine = ''] = rest.split('\r\n', 1)
    rest = rest.slice(startLine.length + 2)
    const [, id = ''] = startLine.split(' ')
    const chunk: RecordedChunk = { start: startLine.slice('MSRP '.length), fields: [] }
    chunks.push(chunk)
    while (chunk.flag === undefined && chunk.body === undefined) {
      const [line = ''] = rest.split('\r\n', 1)
      rest = rest.slice(line.length + 2)
      if (line === '') {
        const [length, flag] = naiveBodyEnd(rest, id)
        chunk.body = rest.slice(0, length)
        chunk.flag = flag
        rest = rest.slice(length + (length === 0 && rest.startsWith('-------') ? 0 : 2) + 7 + id.length + 1 + 2)
      } else if (line.startsWith('-------')) {
        chunk.flag = line.at(-1) as ContinuationFlag
      } else {
        chunk.fields.push(`${line.slice(0, line.indexOf(':'))}: ${line.slice(line.indexOf(':') + 1).trim()}`)
      }
    }
  }
}

function naiveBodyEnd(body: string, id: string): [length: number, flag: ContinuationFlag] {
  for (const flag of ['$', '+', '#'] as const) {
    if (body.startsWith(`-------${id}${flag}\r\n`)) return [0, flag]
  }
  for (let length = 0; length < body.length; length++) {
    for (const flag of ['$', '+', '#'] as const) {
      if (body.startsWith(`\r\n-------${id}${flag}\r\n`, length)) return [length, flag]
    }
  }
  throw new Error('The input is not sound')
}
