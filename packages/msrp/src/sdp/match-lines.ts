import { MsrpError } from '../wire/index.ts'
import type { MessageDescription } from './api.ts'
import type { MLine } from './m-lines.ts'
import type { NegotiatedMedium } from './medium.ts'
import { SessionDescription } from './session-description.ts'

/** What the peer says of a medium of ours. */
interface Said {
  readonly medium: NegotiatedMedium
  readonly remote: MessageDescription
}

/**
 * Reads an answer to an offer with these m-lines, and all that it says of our media: what is wrong anywhere in it is found before
 * any of it counts.
 * @throws MsrpError `malformed`
 */
export function readAnswer(answer: string, lines: readonly MLine[]): { description: SessionDescription; said: Said[] } {
  const description = SessionDescription.parse(answer)
  const { length } = description.media
  if (length !== lines.length) {
    throw new MsrpError(
      'malformed',
      `The answer has ${length} m-lines, and the offer has ${lines.length} (RFC 3264 §6)`,
    )
  }
  const said = lines.flatMap(({ medium }, index) => {
    if (medium === undefined) return []
    const remote = description.message(index)
    if (remote !== undefined) return [{ medium, remote }]
    const text = `line ${description.media[index]?.line}: the m-line of the answer is not for MSRP, as the offer's is`
    throw new MsrpError('malformed', text)
  })
  return { description, said }
}

/** Reads an offer in a dialog with these m-lines. @throws MsrpError `malformed` */
export function readOffer(offer: string, lines: readonly MLine[]): SessionDescription {
  const description = SessionDescription.parse(offer)
  const { length } = description.media
  if (length >= lines.length) return description
  throw new MsrpError('malformed', `The offer has ${length} m-lines, and there were ${lines.length} (RFC 3264 §8)`)
}
