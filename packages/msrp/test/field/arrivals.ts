/** Ways in which the same bytes can arrive: attempt 0 whole, the last one byte by byte, those between cut in two. */
export function piecesOf(bytes: Uint8Array, attempt: number): Uint8Array[] {
  if (attempt === 0) return [bytes]
  if (attempt === bytes.length) return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
  return [bytes.subarray(0, attempt), bytes.subarray(attempt)]
}

/**
 * Writes what a peer sends in every way in which it can arrive: whole, byte by byte, and cut in two at every place.
 * @param textOf the text of an attempt, of the same size each time, with ids of its own.
 * @param write takes one piece; resolves when it has been read.
 * @param after looks at what an attempt has led to.
 */
export async function inEveryWay(
  textOf: (attempt: number) => string,
  write: (piece: Uint8Array) => Promise<void>,
  after: (attempt: number) => void | Promise<void> = () => {},
): Promise<void> {
  const { length } = Buffer.from(textOf(0))
  for (let attempt = 0; attempt <= length; attempt++) {
    const bytes = Buffer.from(textOf(attempt))
    if (bytes.length !== length) throw new Error(`attempt ${attempt} has another size`)
    for (const piece of piecesOf(bytes, attempt)) await write(piece)
    await after(attempt)
  }
}

/** The lines of a request or response, with their ends. */
export function lines(...texts: (string | readonly string[])[]): string {
  return `${texts.flat().join('\r\n')}\r\n`
}

/** An id of a fixed size for each attempt. */
export function idOf(attempt: number, prefix = 'id', size = 12): string {
  return prefix + String(attempt).padStart(size - prefix.length, '0')
}
