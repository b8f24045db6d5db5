import type { ParserInput } from './parser/input.ts'

/** An input that once did harm, or came to something else when it was cut elsewhere. */
export interface ParserFinding {
  /** What was wrong. */
  readonly wrong: string
  /** One character a byte. */
  readonly text: string
  readonly limits?: ParserInput['limits']
}

/** Every finding of the parser's fuzzing that was a fault, as small as it can be made. */
export const parserFindings: readonly ParserFinding[] = [
  {
    wrong: 'another protocol with a first line over the limit was malformed or too long, depending on the cuts',
    text: `GET /${'x'.repeat(70)} HTTP/1.1\r\n`,
    limits: { headerLineBytes: 64 },
  },
]
