import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ChunkParser } from '../../src/wire/index.ts'
import { block } from './recorder.ts'

// How often the platform's search is called is the cost that a hostile body could drive up: each call is worth some
// hundred compared bytes. The layer is loaded anew with a search that counts.
let Parser: typeof ChunkParser
let searches = 0

beforeAll(async () => {
  vi.resetModules()
  const { indexOf } = Buffer.prototype
  const prototype = {
    indexOf(this: Uint8Array, needle: Uint8Array, from: number): number {
      searches++
      return indexOf.call(this, needle, from)
    },
  }
  vi.stubGlobal('Buffer', { prototype, compare: Buffer.compare })
  try {
    Parser = (await import('../../src/wire/index.ts')).ChunkParser
  } finally {
    vi.unstubAllGlobals()
  }
})

afterAll(() => vi.resetModules())

const size = 1 << 20
test.each([
  ['hyphens', new Uint8Array(size).fill(0x2d), 20],
  ['CRLFs', block('\n'.repeat(size / 2)), 20],
  ['end-lines of another id', block('\n-------abce$'.repeat(size / 16)), 20],
  ['hyphens without end of line', block('-------'.repeat(size / 8)), 20],
  ['text', block('The quick brown fox - and no other - jumps.\n'.repeat(size / 64)), 3],
])('a mebibyte of %s takes few searches', (_, body, most) => {
  let received = 0
  const parser = new Parser({
    onHead: () => {},
    onBody: (bytes) => {
      received += bytes.length
    },
    onEnd: () => {},
  })
  parser.push(block('MSRP abcd SEND\nTo-Path: msrp://b:1/x;tcp\nFrom-Path: msrp://a:1/y;tcp\n\n'))
  searches = 0
  parser.push(body)
  parser.push(block('\n-------abcd$\n'))
  expect(parser.idle).toBe(true)
  expect(received).toBe(body.length)
  expect(searches).toBeGreaterThan(0)
  expect(searches).toBeLessThanOrEqual(most)
})
