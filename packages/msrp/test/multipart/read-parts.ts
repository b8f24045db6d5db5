import { type MultipartLimits, MultipartReader, type PartHead } from '../../src/multipart/index.ts'

/** What the reader of a multipart tells, contents joined; the pieces are overwritten as soon as it has had them. */
export function readParts(
  pieces: Iterable<Uint8Array>,
  contentType: string,
  limits: MultipartLimits = {},
): { head: PartHead; content: string }[] {
  const parts: { head: PartHead; content: string }[] = []
  const reader = new MultipartReader(
    contentType,
    {
      part: (head) => parts.push({ head, content: '' }),
      content: (bytes) => {
        const part = parts.at(-1)
        if (part !== undefined) part.content += Buffer.from(bytes).toString('latin1')
      },
      partEnd: () => {},
    },
    limits,
  )
  for (const piece of pieces) {
    const lent = Buffer.from(piece)
    reader.push(lent)
    lent.fill(0x21)
  }
  reader.end()
  return parts
}
