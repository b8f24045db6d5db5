import type { Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import { arrivingContent, sourceOf } from '../mime/index.ts'
import { MsrpError } from '../wire/index.ts'

/** A message or part of one whose content is a document: what `msrp` and `msrp/cpim` hand out, or anything like it. */
export interface DocumentSource {
  stream(): ReadableStream<Uint8Array>
}

/** Milliseconds in which all of a document has to come. */
const DOCUMENT_TIME = 30_000
/** Most bytes of a document. */
const DOCUMENT_BYTES = 65_536

/**
 * A document that is the content of a message, by the charset of its Content-Type, UTF-8 otherwise. Of one that is too large,
 * or is not there within 30 s, the rest is not taken.
 * @throws MsrpError `too-large`, `timeout`, `not-understood` for a charset, and what reading throws
 */
export async function documentText(
  source: DocumentSource,
  contentType: string,
  clock: Clock = systemClock,
): Promise<string> {
  const content = sourceOf(source.stream().getReader())
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(DOCUMENT_TIME, () => {
    const error = new MsrpError('timeout', `The document did not come within ${DOCUMENT_TIME / 1000} s`)
    late.reject(error)
    content.cancel(error).catch(() => {})
  })
  try {
    const { text } = arrivingContent(content, { contentType, encoding: undefined, most: DOCUMENT_BYTES })
    return await Promise.race([text(), late.promise])
  } finally {
    cancel()
  }
}
