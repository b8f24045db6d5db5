import { wrongArgument } from '../session/read-argument.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** A line of a description, as it came: `type=value`, and what ends it. */
export interface SdpLine {
  /** From 1. */
  readonly number: number
  /** The letter before the equals sign; '' for a blank line. */
  readonly type: string
  readonly value: string
  /** CRLF, LF, or nothing after the last line. */
  readonly end: string
}

/** Characters that a description may have: more than any phone sends with all its codecs and candidates. */
const LONGEST = 256 * 1024

/**
 * Takes a description apart. Lines of any type are kept, blank ones too, which some programs leave at the end.
 * @throws MsrpError `malformed` naming the first line that is none; `limit-exceeded` beyond 256 Ki characters;
 *   `invalid-argument` for what is no text
 */
export function readLines(text: string): SdpLine[] {
  if (typeof text !== 'string') throw wrongArgument('A session description', 'a text', text)
  if (text.length > LONGEST) {
    throw new MsrpError(
      'limit-exceeded',
      `A session description of ${text.length} characters: at most ${LONGEST} are read`,
    )
  }
  const lines: SdpLine[] = []
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const stop = feed === -1 ? text.length : feed
    const content = feed > start && text[feed - 1] === '\r' ? feed - 1 : stop
    const next = feed === -1 ? text.length : feed + 1
    const line = text.slice(start, content)
    const number = lines.length + 1
    if (line.trim() !== '' && line[1] !== '=') {
      throw new MsrpError(
        'malformed',
        `line ${number}: ${shown(line)} is no line of a session description, such as "a=…"`,
      )
    }
    // RFC 8866 §9: nothing may stand there that ends a line or a string, and other programs could see two lines in it.
    if (line.trim() !== '' && /[\r\0]/.test(line)) {
      const what = /^a=[^:\r\0]+|^.=/.exec(line)?.[0] ?? ''
      throw wrongLine(number, what, `${shown(line)} has a CR or NUL within it`)
    }
    lines.push({
      number,
      type: line[1] === '=' ? line.slice(0, 1) : '',
      value: line[1] === '=' ? line.slice(2) : line,
      end: text.slice(content, next),
    })
    start = next
  }
  return lines
}

/** The text that the lines were read from. */
export function writeLines(lines: readonly SdpLine[]): string {
  return lines.map(({ type, value, end }) => `${type === '' ? '' : `${type}=`}${value}${end}`).join('')
}

/** An error about one line. `what` names the attribute or kind of line. */
export function wrongLine(line: number, what: string, detail: string): MsrpError {
  return new MsrpError('malformed', `line ${line}, ${what}: ${detail}`)
}
