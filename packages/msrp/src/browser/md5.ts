import { hex } from '../wire/hex.ts'

/**
 * MD5 (RFC 1321), for HTTP Digest alone (RFC 4976 §9.1): browsers have none, and the libraries that do bring several
 * hashes' worth of code for it. It protects nothing else here.
 */

/** How far each step turns, by round (RFC 1321 §3.4). */
const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
]

/** MD5 of bytes, as lower-case hexadecimal. */
export function md5(bytes: Uint8Array): string {
  const { length } = bytes
  // RFC 1321 §3.1, §3.2: a one bit, zeros up to 8 bytes before a block's end, and the length in bits.
  const padded = new DataView(new ArrayBuffer((((length + 8) >> 6) + 1) * 64))
  new Uint8Array(padded.buffer).set(bytes)
  padded.setUint8(length, 0x80)
  padded.setUint32(padded.byteLength - 8, length << 3, true)
  padded.setUint32(padded.byteLength - 4, length >>> 29, true)
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (let block = 0; block < padded.byteLength; block += 64) {
    let [a = 0, b = 0, c = 0, d = 0] = state
    for (let step = 0; step < 64; step++) {
      const round = step >> 4
      const [mixed, word] = mix(round, step, b, c, d)
      const sum = a + mixed + sine(step) + padded.getUint32(block + 4 * (word & 15), true)
      const shift = SHIFTS[round]?.[step & 3] ?? 0
      ;[a, d, c, b] = [d, c, b, b + ((sum << shift) | ((sum | 0) >>> (32 - shift)))]
    }
    for (const [index, value] of [a, b, c, d].entries()) state[index] = ((state[index] ?? 0) + value) | 0
  }
  const digest = new DataView(new ArrayBuffer(16))
  for (const [index, value] of state.entries()) digest.setInt32(4 * index, value, true)
  return hex(new Uint8Array(digest.buffer))
}

/** What a step adds, and which of the block's words it takes. */
function mix(round: number, step: number, b: number, c: number, d: number): [mixed: number, word: number] {
  if (round === 0) return [(b & c) | (~b & d), step]
  if (round === 1) return [(b & d) | (c & ~d), 5 * step + 1]
  if (round === 2) return [b ^ c ^ d, 3 * step + 5]
  return [c ^ (b | ~d), 7 * step]
}

/** RFC 1321 §3.4: the table is made of the sine of the steps. */
function sine(step: number): number {
  return Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32)
}
