import { expect, test } from 'vitest'
import { BodyCursor } from '../../src/session/body-cursor.ts'
import type { SentPart } from '../../src/session/cursor.ts'
import { settle } from '../transport/fake-clock.ts'
import { pattern } from './stage.ts'

const CHUNK = 65_536

async function* stream(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 8; piece++) yield pattern(CHUNK)
}

test.each([0, 5_000])(
  'A stream in chunks is held from the first one on that is not answered, begun at %i',
  async (at) => {
    const limits = { chunkSize: CHUNK, answersExpected: true, unansweredChunks: 64, unansweredBytes: 1e9 }
    const cursor = new BodyCursor(stream(), at, limits, () => {})
    /** What the next chunk begins with. */
    const begin = async (): Promise<string> => {
      while (!cursor.prepare()) await settle()
      cursor.open(0)
      return cursor.next(1000).kind
    }
    const send = async (): Promise<SentPart> => {
      await begin()
      return cursor.close('+', 1000)
    }
    // Each is cut after its first bytes, so that several are in the first block of memory.
    const first = await send()
    const second = await send()
    cursor.settle(second, true)
    cursor.repeat(first)
    expect(await begin()).toBe('body')
    cursor.settle(cursor.close('+', 1000), true)
    for (let count = 0; count < 100; count++) cursor.settle(await send(), true)
    cursor.repeat(first)
    expect(await begin()).not.toBe('body')
  },
)
