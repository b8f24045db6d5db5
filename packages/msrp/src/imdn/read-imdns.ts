import { type MultipartPart, readMultipart } from '../multipart/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { type DocumentSource, documentText } from '../xml/index.ts'
import { IMDN_TYPE, type Imdn, parseImdn } from './imdn.ts'

/** Bytes of a message with several notifications: as many as one may have, since each byte of XML takes time. */
const AGGREGATED_BYTES = 65_536
/** Notifications in one. */
const PARTS = 1024

/**
 * Reads the notifications in a message, or in the content of one: a document of type message/imdn+xml, or several that an
 * intermediary has put together as multipart/mixed (RFC 5438 §8.3). Of several, those that cannot be read are passed over.
 * @throws MsrpError `malformed`, `limit-exceeded`, `too-large`, and what reading throws
 */
export async function readImdns(source: DocumentSource, contentType: string): Promise<Imdn[]> {
  if (!isMultipart(contentType)) return parseImdn(await documentText(source, contentType))
  const message = { contentType, stream: () => source.stream() }
  const { parts } = await readMultipart(message, { contentBytes: AGGREGATED_BYTES, parts: PARTS })
  return parts.flatMap((part) => imdnsIn(part))
}

function imdnsIn(part: MultipartPart): Imdn[] {
  if (parseMediaType(part.contentType)?.type !== IMDN_TYPE) return []
  try {
    return parseImdn(part.text())
  } catch (error) {
    if (error instanceof MsrpError) return []
    throw error
  }
}

function isMultipart(contentType: string): boolean {
  return parseMediaType(contentType)?.type.startsWith('multipart/') === true
}
