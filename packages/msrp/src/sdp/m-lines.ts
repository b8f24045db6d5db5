import { MsrpError } from '../wire/index.ts'
import type { NegotiatedMedium, Written } from './medium.ts'
import { SessionDescription } from './session-description.ts'

/** What one m-line is: a medium of ours, one that we refused, or something of the application's. */
export interface MLine {
  readonly ours: boolean
  readonly medium: NegotiatedMedium | undefined
  /** What the last description had there, for what is not ours. */
  readonly text: string
  /** Whether our last description had port 0 there. */
  readonly closed?: boolean
}

/** What was written for a description of ours. */
type Sections = ReadonlyMap<NegotiatedMedium, Written>

/** Whether a new medium may take an m-line of ours: the old one is over, and both sides know (RFC 3264 §8.1). */
export function isFree({ ours, medium, closed }: MLine, peerClosed: boolean): boolean {
  const over = medium === undefined || medium.state === 'over'
  return ours && over && (closed === true || peerClosed)
}

/** The media of m-lines, in their order. */
export function mediaOf(lines: readonly MLine[]): NegotiatedMedium[] {
  return lines.flatMap(({ medium }) => medium ?? [])
}

/** What others have in an offer, where they stood before, and what is new of it behind. @throws MsrpError `invalid-argument` */
export function withOthers(lines: readonly MLine[], given: readonly string[] | undefined): MLine[] {
  const before = lines.filter(({ ours }) => !ours)
  if (given !== undefined && given.length < before.length) {
    const text = `around: it has ${given.length} m-lines, and had ${before.length}: what is over stays, with port 0`
    throw new MsrpError('invalid-argument', `${text} (RFC 3264 §8)`)
  }
  const others = [...(given ?? before.map(({ text }) => text))]
  const kept = lines.map((line) => (line.ours ? line : { ...line, text: others.shift() ?? line.text }))
  return [...kept, ...others.map((text) => ({ ours: false, medium: undefined, text }))]
}

/** New media on m-lines that are free, and behind the others. */
export function withNew(
  lines: readonly MLine[],
  media: readonly NegotiatedMedium[],
  free: (line: MLine, index: number) => boolean,
): MLine[] {
  const all = [...lines]
  const places = lines.flatMap((line, index) => (free(line, index) ? [index] : []))
  for (const medium of media) all[places.shift() ?? all.length] = { ours: true, medium, text: '' }
  return all
}

/** What a description of ours has there: what was written for it now, or else what stood there. */
export function sectionsOf(lines: readonly MLine[], written: Sections): (string | readonly string[])[] {
  return lines.map(({ ours, medium, text }) => {
    const own = medium && written.get(medium)
    if (own !== undefined) return own.lines
    return ours ? text.split('\n') : text
  })
}

/** The m-lines as a description of ours has them; their media know it. */
export function asWritten(lines: readonly MLine[], written: Sections, text: string): MLine[] {
  const description = SessionDescription.parse(text)
  return lines.map(({ ours, medium, text: before }, index) => {
    const section = description.media[index]
    if (medium !== undefined && written.has(medium)) {
      medium.index = index
      medium.local = description.message(index)
    }
    return { ours, medium, text: ours ? before : (section?.text ?? before), closed: section?.port === 0 }
  })
}
