import { fillBytes } from './byte-pool.ts'

type NativeSlice = (this: Uint8Array, start: number, end: number) => string

// Node's own decoding of a part of an array: half the time of TextDecoder, which has to be given a view of the part.
const native = (globalThis as { Buffer?: { prototype: { utf8Slice?: NativeSlice } } }).Buffer?.prototype.utf8Slice

const encoder = new TextEncoder()
// A byte order mark is content like any other: what is decoded must encode to the same bytes again.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Texts up to this length are encoded into pooled memory, which has to have room for three bytes a character. */
const SHORT = 680

/** The bytes of a text. */
export function encodeText(text: string): Uint8Array {
  if (text.length > SHORT) return encoder.encode(text)
  return fillBytes(3 * text.length, (room) => encoder.encodeInto(text, room).written)
}

/** The text in bytes[start..end); what is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  if (native !== undefined) return native.call(bytes, start, end)
  return decoder.decode(bytes.subarray(start, end))
}
