import { createCipheriv } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { PIECE } from './job.ts'

/**
 * Bytes that the source gives again and again: enough that they do not lie in the processor's nearest cache, without any
 * order, and the same in both processes.
 */
const PATTERN: Uint8Array = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
  Buffer.alloc(4 * 1024 * 1024),
)

/** Gives so many bytes, in pieces; `onQuarter` when a quarter of them is out. */
export function source(size: number, onQuarter: () => void): Readable {
  let given = 0
  return new Readable({
    // With bytes instead of objects Node joins pieces for whoever reads them one by one.
    objectMode: true,
    highWaterMark: 2,
    read(): void {
      if (given === size) {
        this.push(null)
        return
      }
      const at = given % PATTERN.length
      const piece = PATTERN.subarray(at, at + Math.min(PIECE, size - given))
      if (given < size / 4 && given + piece.length >= size / 4) onQuarter()
      given += piece.length
      this.push(piece)
    },
  })
}

/** Takes what the source gave, and fails where a byte is missing. */
export function sink(size: number, onQuarter: () => void): Writable {
  let taken = 0
  return new Writable({
    highWaterMark: PIECE,
    write(piece: Uint8Array, _encoding, done): void {
      const before = taken
      taken += piece.length
      if (before < size / 4 && taken >= size / 4) onQuarter()
      done(piece[0] === PATTERN[before % PATTERN.length] ? null : new Error(`a wrong byte at ${before}`))
    },
    final(done): void {
      done(taken === size ? null : new Error(`${taken} of ${size} bytes have come`))
    },
  })
}
