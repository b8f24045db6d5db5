import type { Random } from './random.ts'

/** Changes bytes, given as one character each; `other` is a second input to take pieces from. */
type Mutation = (text: string, random: Random, other: string) => string

const WORDS = [
  'MSRP ',
  'SEND',
  'REPORT',
  'To-Path: ',
  'From-Path: ',
  'Byte-Range: 1-*/*',
  'Message-ID: ',
  'Content-Type: ',
  '\r\n',
  '\r\n\r\n',
  '-------',
  '$\r\n',
  '+\r\n',
  '#\r\n',
  'msrp://',
  ';tcp',
  ' ',
  ':',
  '"',
  '\\',
  '\u0000',
  '\u00ff\u00fe',
  '*',
  '\u00c3',
  '\u00ed\u00a0\u0080',
]
const NUMBERS = [
  '0',
  '1',
  '-1',
  '9007199254740991',
  '9007199254740992',
  '4294967296',
  '99999999999999999999',
  '',
  '007',
]
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', ' \r\n', '\r\n ', '', '\u0085']

const MUTATIONS: readonly Mutation[] = [
  // A bit, a byte, a character for its neighbour.
  (text, random) => withCharacter(text, random.below(text.length), (code) => code ^ (1 << random.below(8))),
  (text, random) => withCharacter(text, random.below(text.length), () => random.next() & 0xff),
  (text, random) =>
    withCharacter(text, random.below(text.length), (code) => (code + (random.oneIn(2) ? 1 : 255)) & 0xff),
  // The end is missing, or the beginning, or something in the middle.
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.size(text.length)),
  (text, random) => spliced(text, random, ''),
  // Something is there twice, or many times.
  (text, random) => {
    const [from, until] = span(text, random)
    const times = random.oneIn(10) ? random.between(2, 300) : 1
    const piece = text.slice(from, Math.min(until, from + Math.ceil(8000 / times)))
    return text.slice(0, until) + piece.repeat(times) + text.slice(until)
  },
  // Something comes from elsewhere.
  (text, random, other) => spliced(text, random, pieceOf(other, random)),
  (text, random, other) => text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1)),
  (text, random) => inserted(text, random, pieceOf(text, random)),
  // Words of the protocol and bytes where none should be.
  (text, random) => inserted(text, random, random.pick(WORDS)),
  (text, random) => spliced(text, random, random.pick(WORDS)),
  (text, random) => inserted(text, random, random.binary(random.size(40))),
  // Numbers at their edges.
  (text, random) => replacedMatch(text, random, /\d+/g, () => random.pick(NUMBERS)),
  // Line ends that are none, blanks where a name ends.
  (text, random) => replacedMatch(text, random, /\r\n/g, () => random.pick(LINE_ENDS)),
  (text, random) => replacedMatch(text, random, /: /g, () => random.pick([':', ' : ', ':\t', ' ', '', ':\r\n '])),
  // End-lines that almost are one, runs of hyphens of any length.
  (text, random) => replacedMatch(text, random, /-------[^\r\n]*/g, (line) => endLineLike(line, random)),
  (text, random) => inserted(text, random, '-'.repeat(random.size(random.oneIn(10) ? 3000 : 40))),
  // Lines change places.
  (text, random) => random.shuffled(text.split('\r\n')).join('\r\n'),
  (text, random) => {
    const lines = text.split('\r\n')
    const line = lines.splice(random.below(lines.length), 1)
    lines.splice(random.below(lines.length + 1), 0, ...line)
    return lines.join('\r\n')
  },
  // Upper and lower case.
  (text, random) => {
    const [from, until] = span(text, random)
    const piece = text.slice(from, until)
    return (
      text.slice(0, from) + (random.oneIn(2) ? piece.toLowerCase() : ascii(piece).toUpperCase()) + text.slice(until)
    )
  },
]

/** Longer inputs take time and show nothing that shorter ones do not. */
const LONGEST = 65_536

/** The input after one or a few changes. */
export function mutated(text: string, random: Random, other: string): string {
  let changed = text
  for (let round = 1 + random.size(5); round > 0 && changed.length > 0; round--) {
    changed = random.pick(MUTATIONS)(changed, random, other)
  }
  return changed.slice(0, LONGEST)
}

function withCharacter(text: string, at: number, change: (code: number) => number): string {
  return text.slice(0, at) + String.fromCharCode(change(text.charCodeAt(at)) & 0xff) + text.slice(at + 1)
}

function span(text: string, random: Random): [from: number, until: number] {
  const from = random.below(text.length + 1)
  return [from, Math.min(text.length, from + random.size(random.oneIn(4) ? text.length + 1 : 64))]
}

function pieceOf(text: string, random: Random): string {
  const [from, until] = span(text, random)
  return text.slice(from, until)
}

function spliced(text: string, random: Random, piece: string): string {
  const [from, until] = span(text, random)
  return text.slice(0, from) + piece + text.slice(until)
}

function inserted(text: string, random: Random, piece: string): string {
  const at = random.below(text.length + 1)
  return text.slice(0, at) + piece + text.slice(at)
}

function replacedMatch(text: string, random: Random, pattern: RegExp, by: (match: string) => string): string {
  // From a random place on, so that not all matches have to be found.
  pattern.lastIndex = random.below(text.length + 1)
  const match = pattern.exec(text)
  pattern.lastIndex = 0
  if (match === null) return text
  return text.slice(0, match.index) + by(match[0]) + text.slice(match.index + match[0].length)
}

function endLineLike(line: string, random: Random): string {
  switch (random.below(6)) {
    case 0:
      return `-${line}`
    case 1:
      return line.slice(1)
    case 2:
      return `${line}${random.pick(['$', ' ', 'x', '\r'])}`
    case 3:
      return line.slice(0, -1) + random.pick(['$', '+', '#', '*', ''])
    case 4:
      return `\r\n${line}`
    default:
      return `${line}\r\n${line}`
  }
}

// Others have upper cases of more than one byte.
function ascii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: any character of one byte is meant
  return text.replace(/[^\u0000-\u007f]/g, '?')
}
