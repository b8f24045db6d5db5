import type { ParserInput } from './parser/input.ts'

/** An input that once did harm, or came to something else when it was cut elsewhere. */
export interface ParserFinding {
  /** What was wrong. */
  readonly wrong: string
  /** One character a byte. */
  readonly text: string
  readonly limits?: ParserInput['limits']
  /** The code of the error that it has to end in, if it has to. */
  readonly error?: string
}

const PATHS = 'To-Path: msrp://a.example:1/a;tcp\r\nFrom-Path: msrp://b.example:1/b;tcp\r\n'

/** Every finding of the parser's fuzzing that was a fault, as small as it can be made. */
export const parserFindings: readonly ParserFinding[] = [
  {
    wrong: 'another protocol with a first line over the limit was malformed or too long, depending on the cuts',
    text: `GET /${'x'.repeat(70)} HTTP/1.1\r\n`,
    limits: { headerLineBytes: 64 },
    error: 'malformed',
  },
  {
    wrong:
      'a status of three characters that are a number in JavaScript, but not three digits, was taken as that number',
    text: `MSRP abcd 2e6 OK\r\n${PATHS}-------abcd$\r\n`,
    error: 'malformed',
  },
  {
    wrong: 'the same without a comment, and within the range of statuses',
    text: `MSRP abcd 1e2\r\n${PATHS}-------abcd$\r\n`,
    error: 'malformed',
  },
]
