import { MsrpError } from '../wire/index.ts'
import type { AnswerOptions, AttributeInput } from './api.ts'
import { surroundings, without } from './framing.ts'
import { isMessage, type MediaSection, type SessionDescription } from './session-description.ts'
import { closedLines } from './write-section.ts'

/**
 * A medium with these attributes is a file (RFC 5547). Answers that refuse it mirror them (RFC 5547 §8.3), and it keeps them
 * when it is over (§8.1).
 */
export const OF_FILES: readonly string[] = ['file-selector', 'file-transfer-id']

/** What the application says to everything that is not ours; without it, that all of it is refused. */
export async function answerOthers(
  description: SessionDescription,
  around: AnswerOptions['around'],
): Promise<{ head: string | undefined; sections: string[] }> {
  const theirs = description.media.filter((section) => !isMessage(section))
  if (around === undefined) {
    const end = description.toString().includes('\r\n') ? '\r\n' : '\n'
    const sections = theirs.map((section) =>
      refusal(section, [])
        .map((line) => line + end)
        .join(''),
    )
    return { head: undefined, sections }
  }
  const own = new Set(description.media.filter(isMessage).map(({ index }) => index))
  const { head, others } = surroundings(await around(without(description, (index) => own.has(index))))
  if (others.length === theirs.length) return { head, sections: [...others] }
  const text = `around: the answer has ${others.length} m-lines, and the offer has ${theirs.length} besides ours`
  throw new MsrpError('invalid-argument', text)
}

/** The m-line of an offer with port 0 (RFC 3264 §6). */
export function refusal(
  { media, protocol, formats }: MediaSection,
  attributes: readonly AttributeInput[],
): readonly string[] {
  const [, ...rest] = closedLines(protocol, attributes)
  return [`m=${media} 0 ${protocol} ${formats}`.trimEnd(), ...rest]
}

/** What a section with port 0 repeats: of an offered one that is refused, or of our own when it is over. */
export function mirrored(section: Pick<MediaSection, 'attributes'> | undefined): AttributeInput[] {
  return (section?.attributes ?? []).flatMap(({ name, value }) =>
    OF_FILES.includes(name) ? [value === undefined ? ([name] as const) : ([name, value] as const)] : [],
  )
}
