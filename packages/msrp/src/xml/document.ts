import { arrivingContent, sourceOf } from '../mime/content-reader.ts'

/** A message or part of one whose content is a document: what `msrp` and `msrp/cpim` hand out, or anything like it. */
export interface DocumentSource {
  stream(): ReadableStream<Uint8Array>
}

/** Most bytes of a document. */
const DOCUMENT_BYTES = 65_536

/**
 * A document that is the content of a message, by the charset of its Content-Type, UTF-8 otherwise. Of one that is too large
 * the rest is not taken.
 * @throws MsrpError `too-large`, `not-understood` for a charset, and what reading throws
 */
export function documentText(source: DocumentSource, contentType: string): Promise<string> {
  const content = sourceOf(source.stream().getReader())
  return arrivingContent(content, { contentType, encoding: undefined, most: DOCUMENT_BYTES }).text()
}
