import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { HashedBody } from '../src/outgoing/hashed-body.ts'

const bytes = Uint8Array.from({ length: 3000 }, (_, index) => index % 251)
const sha256 = createHash('sha256').update(bytes).digest('hex')

/** A file that notes where it was read. */
function file(): { size: number; reads: number[]; read: (position: number, length: number) => Promise<Uint8Array> } {
  const reads: number[] = []
  return {
    size: bytes.length,
    reads,
    read: async (position, length) => {
      reads.push(position)
      return bytes.subarray(position, position + length)
    },
  }
}

test.each<[string, readonly [position: number, length: number][], readonly number[]]>([
  [
    'read in order',
    [
      [0, 1000],
      [1000, 2000],
    ],
    [0, 1000],
  ],
  [
    'read again from the middle',
    [
      [0, 2000],
      [500, 1000],
      [1500, 1500],
    ],
    [0, 500, 1500],
  ],
  ['read from behind what came before, as when a rest is sent', [[2000, 1000]], [2000, 0]],
  [
    'read with a gap',
    [
      [0, 1000],
      [2000, 1000],
    ],
    [0, 2000, 1000],
  ],
  ['not read at all', [], [0]],
])('the hash is that of all of a file: %s', async (_, reads, expected) => {
  const original = file()
  const hashed = new HashedBody(original)
  const { read } = hashed.body as ReturnType<typeof file>
  for (const [position, length] of reads) {
    expect(await read(position, length)).toEqual(bytes.subarray(position, position + length))
  }
  expect(await hashed.digest()).toBe(sha256)
  expect(original.reads).toEqual(expected)
})

test('the hash is that of what a stream gave', async () => {
  const hashed = new HashedBody(
    (async function* () {
      yield bytes.subarray(0, 10)
      yield bytes.subarray(10)
    })(),
  )
  for await (const _ of hashed.body as AsyncIterable<Uint8Array>);
  expect(await hashed.digest()).toBe(sha256)
})

test('the hash is that of a text in UTF-8', async () => {
  expect(await new HashedBody('Grüße').digest()).toBe(createHash('sha256').update('Grüße').digest('hex'))
})
