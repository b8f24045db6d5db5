import { type DocumentSource, documentText } from '../xml/document.ts'
import { type Imdn, parseImdn } from './imdn.ts'

/**
 * Reads the notifications in a message or the content of one.
 * @throws MsrpError `malformed`, `limit-exceeded`, and what reading throws
 */
export async function readImdns(source: DocumentSource, contentType: string): Promise<Imdn[]> {
  return parseImdn(await documentText(source, contentType))
}
