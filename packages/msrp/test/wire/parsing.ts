import {
  ChunkParser,
  FieldLines,
  type Head,
  HeaderFields,
  type RequestHead,
  type ResponseHead,
} from '../../src/wire/index.ts'
import { block } from './recorder.ts'

/** Paths that no test cares about. */
export const PATHS = 'To-Path: msrp://b.example:1/x;tcp\nFrom-Path: msrp://a.example:1/y;tcp\n'

/** The head that these bytes are parsed to. */
export function headOf(bytes: Uint8Array): Head {
  let found: Head | undefined
  const onHead = (head: Head): void => {
    found ??= head
  }
  new ChunkParser({ onHead, onBody: () => {}, onEnd: () => {} }).push(bytes)
  if (found === undefined) throw new Error('No head')
  return found
}

/** The head of a request, given its method and the fields after its paths; line ends stand for CRLF. */
export function request(
  method: string,
  lines: string,
  ending: '\n' | '-------abcd$\n' = '-------abcd$\n',
): RequestHead {
  const head = headOf(block(`MSRP abcd ${method}\n${PATHS}${lines}${ending}`))
  if (head.kind !== 'request') throw new Error('Not a request')
  return head
}

/** The head of a response, given its status and comment and the fields after its paths. */
export function response(status: string, lines: string): ResponseHead {
  const head = headOf(block(`MSRP abcd ${status}\n${PATHS}${lines}-------abcd$\n`))
  if (head.kind !== 'response') throw new Error('Not a response')
  return head
}

/** Header fields of these lines alone. */
export function fields(lines: string): HeaderFields {
  return new HeaderFields(new FieldLines(block(lines)), { toPath: [], fromPath: [] })
}
