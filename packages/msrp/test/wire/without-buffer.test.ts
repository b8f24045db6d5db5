import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type * as Wire from '../../src/wire/index.ts'
import { block, cut } from './recorder.ts'

// A browser has no Buffer, and this layer has to run there: it is loaded anew while there is none.
let wire: typeof Wire

beforeAll(async () => {
  vi.resetModules()
  vi.stubGlobal('Buffer', undefined)
  try {
    wire = await import('../../src/wire/index.ts')
  } finally {
    vi.unstubAllGlobals()
  }
})

afterAll(() => vi.resetModules())

test.each([
  ['a text', 'Grüße: 漢字'],
  ['hyphens', '-'.repeat(500)],
  ['look-alikes', '\n-------abcd!\n-------abce$'.repeat(40)],
])('requests and bodies are read without Buffer: %s', (_, body) => {
  const lines = `MSRP abcd SEND\nTo-Path: msrp://b:1/x;tcp\nFrom-Path: msrp://a:1/y;tcp\nX-Note: Zoë\n\n${body}\n-------abcd$\n`
  // Twice, since what is remembered of the first paths is compared with the second.
  const bytes = new TextEncoder().encode(lines.replaceAll('\n', '\r\n').repeat(2))
  for (const size of [1, 7, bytes.length]) {
    const pieces: Uint8Array[] = []
    const notes: Array<string | undefined> = []
    let flags = ''
    const parser = new wire.ChunkParser({
      onHead: ({ fields }) => {
        notes.push(`${fields.get('x-note')} ${fields.toPath}`)
      },
      onBody: (piece) => pieces.push(piece.slice()),
      onEnd: (ended) => {
        flags += ended
      },
    })
    const places = Array.from({ length: Math.floor((bytes.length - 1) / size) }, (_, index) => (index + 1) * size)
    for (const piece of cut(bytes, ...places)) parser.push(piece)
    expect(notes).toEqual(['Zoë msrp://b:1/x;tcp', 'Zoë msrp://b:1/x;tcp'])
    expect(flags).toBe('$$')
    expect(Buffer.concat(pieces).toString('utf8')).toBe(body.replaceAll('\n', '\r\n').repeat(2))
  }
})

test('an end-line in an outgoing body is found without Buffer', () => {
  const search = new wire.EndLineSearch('abcd')
  expect(search.next(block('x-------abc'))).toBe(11)
  expect(search.next(block('d'))).toBe(0)
})
