import { fillBytes, SMALL_BYTES } from './byte-pool.ts'

type NativeSlice = (this: Uint8Array, start: number, end: number) => string

// Node's own decoding of a part of an array: half the time of TextDecoder, which has to be given a view of the part.
const native = (globalThis as { Buffer?: { prototype: { utf8Slice?: NativeSlice } } }).Buffer?.prototype.utf8Slice

const encoder = new TextEncoder()
// A byte order mark is content like any other: what is decoded must encode to the same bytes again.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

// A character of a text takes three bytes at most.
const BYTES_PER_CHARACTER = 3

/** The bytes of a text. */
export function encodeText(text: string): Uint8Array {
  const most = BYTES_PER_CHARACTER * text.length
  return most > SMALL_BYTES ? encoder.encode(text) : fillBytes(most, (room) => encoder.encodeInto(text, room).written)
}

/** The text in bytes[start..end); what is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  if (native !== undefined) return native.call(bytes, start, end)
  return decoder.decode(bytes.subarray(start, end))
}
