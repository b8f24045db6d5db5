import { type Container, firstDecoded } from '../mime/index.ts'
import { concatenate, MsrpError, parseMediaType } from '../wire/index.ts'
import { MultipartReader } from './multipart-reader.ts'
import type { PartHead } from './part-head.ts'

/**
 * For the option `containers` of a session: shows which types a multipart has inside. A signature counts as part of
 * multipart/signed, and what is encrypted has nothing inside that could be seen.
 */
export const multipartContainer: Container = {
  types: ['multipart/*'],
  look: (contentType, firstBytes) => {
    const { type } = parseMediaType(contentType) ?? {}
    const seen: { head: PartHead; pieces: Uint8Array[] }[] = []
    const encrypted = type === 'multipart/encrypted'
    const complete = readInto(seen, contentType, firstBytes) || encrypted
    const looked = encrypted ? [] : type === 'multipart/signed' ? seen.slice(0, 1) : seen
    const contents = looked.map(({ head, pieces }) => ({
      contentType: head.contentType,
      firstBytes: firstDecoded(concatenate(pieces), head.transferEncoding),
    }))
    return { contents, complete, choice: type === 'multipart/alternative' }
  },
}

/** Whether all of it was seen. */
function readInto(seen: { head: PartHead; pieces: Uint8Array[] }[], contentType: string, bytes: Uint8Array): boolean {
  try {
    const reader = new MultipartReader(contentType, {
      part: (head) => seen.push({ head, pieces: [] }),
      content: (piece) => seen.at(-1)?.pieces.push(piece),
      partEnd: () => {},
    })
    reader.push(bytes)
    // The last line may end with the message.
    reader.end()
    return reader.closed
  } catch (error) {
    if (error instanceof MsrpError) return false
    throw error
  }
}
