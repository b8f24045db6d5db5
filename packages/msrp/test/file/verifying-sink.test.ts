import { expect, test } from 'vitest'
import { FileHasher } from '../../src/file/index.ts'
import { VerifyingSink } from '../../src/file/verifying-sink.ts'
import { fileHash } from '../../src/node/index.ts'
import { pattern } from '../session/stage.ts'
import { MemoryTarget } from './memory-target.ts'

test('what is written while the whole file is hashed does not get into it', async () => {
  const bytes = pattern(3_000_000)
  const hasher = new FileHasher(['sha-256'], fileHash)
  hasher.update(bytes)
  const target = new MemoryTarget()
  const expected = {
    start: 0,
    end: bytes.length,
    size: bytes.length,
    hashes: hasher.digests(),
    maxSize: Number.POSITIVE_INFINITY,
  }
  const sink = await VerifyingSink.open(target, expected, { createHash: fileHash })
  // The end first, so that the hash is taken from the file when it is complete.
  await sink.write(bytes.length - 1, bytes.slice(-1))
  await sink.write(0, bytes.slice(0, -1))
  const read = target.read
  target.read = async (position, length) => {
    const piece = await read?.(position, length)
    // The place of these bytes has been hashed when they come.
    await sink.write(0, new TextEncoder().encode('EVIL'))
    return piece ?? new Uint8Array(0)
  }
  expect(await sink.finish(bytes.length)).toBe('memory')
  expect(Buffer.compare(target.bytes, bytes)).toBe(0)
})
