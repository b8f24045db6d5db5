import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface RandomFile {
  path: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
}

/**
 * Writes `size` pseudo-random bytes to `path`; the same `size` and `seed` always give the same bytes. Memory stays small
 * whatever the size.
 */
export async function writeRandomFile(path: string, size: number, seed = 1): Promise<RandomFile> {
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for (const block of randomBlocks(size, seed)) {
      hash.update(block)
      yield block
    }
  }
  await pipeline(Readable.from(hashed(), { objectMode: true, highWaterMark: 1 }), createWriteStream(path))
  return { path, size, sha256: hash.digest('hex') }
}

/** The same bytes in memory, for small sizes. */
export function randomBytes(size: number, seed = 1): Uint8Array {
  return Buffer.concat([...randomBlocks(size, seed)])
}

/** The SHA-256 of a file, lower-case hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

const blockSize = 1 << 20

function* randomBlocks(size: number, seed: number): Generator<Uint8Array> {
  const next = xorshift128(seed)
  for (let done = 0; done < size; done += blockSize) {
    const words = new Int32Array(blockSize / 4)
    for (let index = 0; index < words.length; index++) words[index] = next()
    yield new Uint8Array(words.buffer, 0, Math.min(blockSize, size - done))
  }
}

/** Marsaglia's xorshift: fast, repeatable, and nothing that a compressor or a lucky pattern could exploit. */
function xorshift128(seed: number): () => number {
  let x = 123456789 ^ seed
  let y = 362436069
  let z = 521288629
  let w = 88675123
  return () => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    return w
  }
}
