import { createHash } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { MessageBody } from 'msrp'
import { Random } from '../../../fuzz/random.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** A message of a run: the same seed and number always give the same one. */
export interface PlannedMessage {
  /** Its Message-ID, by which both sides' logs name it. */
  readonly id: string
  readonly size: number
  /** SHA-256 of the body, lower-case hex. */
  readonly sha256: string
  /** Largest chunk, for some. */
  readonly chunkSize?: number
  /** Whether it can be sent again from the middle. */
  readonly rereadable: boolean
  /** The body, once for each time that it is sent. */
  body(): MessageBody
}

/** Mostly texts as in a chat, many of some KiB, few of some MiB; in one piece, or as streams with and without a known size. */
export function plannedMessage(seed: number, number: number): PlannedMessage {
  const random = new Random(seed, number)
  const size = sizeOf(random)
  const bytes = bytesOf(random, size)
  const streamed = size > 500 && random.oneIn(4)
  const kind = streamed ? random.pick(['stream', 'stream of known size'] as const) : size >= MiB ? 'file' : 'bytes'
  const chunkSize = random.oneIn(3) ? random.between(2048, 40_000) : undefined
  return {
    id: `m${number}.${random.text('abcdefghijklmnopqrstuvwxyz0123456789', 16)}`,
    size,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(chunkSize === undefined ? {} : { chunkSize }),
    rereadable: !streamed,
    body() {
      if (kind === 'bytes') return bytes
      if (kind === 'file') return { size, read: (position, length) => slowly(bytes, position, length) }
      const stream = pieces(bytes, random)
      return kind === 'stream' ? stream : { stream, size }
    },
  }
}

function sizeOf(random: Random): number {
  const lot = random.below(1000)
  if (lot < 10) return 0
  if (lot < 600) return random.between(1, 500)
  if (lot < 650) return random.between(2040, 2060)
  if (lot < 975) return random.between(1 * KiB, 64 * KiB)
  return random.between(1 * MiB, 4 * MiB)
}

function bytesOf(random: Random, size: number): Uint8Array {
  const words = new Int32Array(Math.ceil(size / 4))
  for (let at = 0; at < words.length; at++) words[at] = random.next()
  return new Uint8Array(words.buffer, 0, size)
}

/** As from a slow disk: so slow that parts of it are confirmed before the end. */
async function slowly(bytes: Uint8Array, position: number, length: number): Promise<Uint8Array> {
  await pause(40)
  return bytes.slice(position, position + Math.min(length, 64 * KiB))
}

/** The bytes as somebody gives them who has them one after another. */
async function* pieces(bytes: Uint8Array, random: Random): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.between(1, 96 * KiB))
    yield bytes.subarray(at, end)
    at = end
    if (random.oneIn(4)) await pause(random.below(20))
    else await nextTurn()
  }
}
