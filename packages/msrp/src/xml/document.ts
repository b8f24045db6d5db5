import { MsrpError, textOfBody } from '../wire/index.ts'

/** A message or part of one whose content is a document: what `msrp` and `msrp/cpim` hand out, or anything like it. */
export interface DocumentSource {
  stream(): ReadableStream<Uint8Array>
}

/** Most bytes of a message that is read as a document. */
export const DOCUMENT_BYTES = 65_536

/**
 * The whole of a content that has to be small. Of one that is not, the rest is not taken, and its sender told so.
 * @throws MsrpError `limit-exceeded`, and what reading throws
 */
export async function smallContent(source: DocumentSource, limit: number): Promise<Uint8Array> {
  const reader = source.stream().getReader()
  const pieces: Uint8Array[] = []
  let size = 0
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    size += value?.length ?? 0
    if (size > limit) {
      await reader.cancel().catch(() => {})
      throw new MsrpError('limit-exceeded', `The document has more than ${limit} bytes`, { status: 413 })
    }
    if (value !== undefined) pieces.push(value)
  }
  const whole = new Uint8Array(size)
  let filled = 0
  for (const piece of pieces) {
    whole.set(piece, filled)
    filled += piece.length
  }
  return whole
}

/** Such a content as text, by the charset of its Content-Type, UTF-8 otherwise. @throws as `smallContent` */
export async function documentText(source: DocumentSource, contentType: string): Promise<string> {
  return textOfBody(await smallContent(source, DOCUMENT_BYTES), contentType)
}
