import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndLineSearch } from '../../src/wire/index.ts'
import { binary, cut } from './recorder.ts'

interface Case {
  name: string
  pieces: string[]
  /** How many bytes of each piece may be written; the search ends after less than all. */
  written: number[]
}

const cases: Case[] = [
  { name: 'nothing to be found', pieces: ['abc', '', 'def'], written: [3, 0, 3] },
  { name: 'the needle in one piece: all but its last byte is written', pieces: ['ab-------abcdx'], written: [12] },
  { name: 'the needle is the whole piece', pieces: ['-------abcd'], written: [10] },
  { name: 'the needle in two pieces', pieces: ['xx----', '---abcd$'], written: [6, 6] },
  { name: 'only the last byte in the second piece', pieces: ['-------abc', 'd'], written: [10, 0] },
  { name: 'the needle byte by byte', pieces: [...'-------abcd'], written: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0] },
  { name: 'more hyphens than the needle has', pieces: ['----------------abcd'], written: [19] },
  { name: 'more hyphens than the needle has, cut among them', pieces: ['----------', '------abcd'], written: [10, 9] },
  { name: 'the first of two needles counts', pieces: ['-------abcd-------abcd'], written: [10] },
  { name: 'another id', pieces: ['-------abce', '-------ABCD'], written: [11, 11] },
  { name: 'RFC4975-7.1-14: without CRLF before it and without flag after it', pieces: ['x-------abcd'], written: [11] },
]

describe('RFC4975-7.1-15: the end-line of a chunk is looked for in its body', () => {
  test.each(cases)('$name', ({ pieces, written }) => {
    const search = new EndLineSearch('abcd')
    expect(pieces.map((piece) => search.next(binary(piece)))).toEqual(written)
  })

  test('whatever the body and its pieces, what is written never holds the needle and stops only for it', () => {
    const part = fc.constantFrom('-', '---', '-------', '-------a-b-c', '-------a-b-', 'a-b-c', 'a', '\r\n')
    const body = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(body, fc.array(fc.nat({ max: 150 })), (text, places) => {
        const search = new EndLineSearch('a-b-c')
        const bytes = binary(text)
        let written = 0
        for (const piece of cut(bytes, ...places.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)))) {
          const count = search.next(piece)
          written += count
          if (count < piece.length) break
        }
        const first = text.indexOf('-------a-b-c')
        expect(written).toBe(first === -1 ? text.length : first + 11)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['a Uint8Array', binary('xxxxx-------ab')],
    ['a Buffer', Buffer.from('xxxxx-------ab')],
    ['a short Buffer', Buffer.from('-------ab')],
  ])('what it keeps of %s is its own: a piece may be used again', (_, piece) => {
    const search = new EndLineSearch('abcd')
    search.next(piece)
    piece.fill(0)
    expect(search.next(binary('cd'))).toBe(1)
  })
})
