import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTransfer, transferDecoder } from '../../src/mime/transfer-encoding.ts'

const decode = (text: string, encoding: string): string =>
  Buffer.from(decodeTransfer(Buffer.from(text, 'latin1'), encoding)).toString('latin1')

describe('A transfer encoding is undone exactly (RFC3862-7.1-2):', () => {
  test.each([
    ['base64', 'SGVsbG8=', 'Hello'],
    ['BASE64 ', 'SGVs\r\nbG8=\r\n', 'Hello'],
    ['base64', 'SGVsbG8', 'Hello'],
    ['base64', 'SGVsbA==SGVsbG8=', 'HellHello'],
    ['base64', ' S G!V*s', 'Hel'],
    ['base64', '', ''],
    ['quoted-printable', 'Gr=C3=bC=\r\n=C3=9Fe', 'Gr\u00c3\u00bc\u00c3\u009fe'],
    ['Quoted-Printable', 'soft=\nbreak= \t\r\nhere=', 'softbreakhere'],
    ['quoted-printable', 'a=zb=4', 'a=zb=4'],
    ['quoted-printable', 'hard\r\nbreak', 'hard\r\nbreak'],
    ['7bit', '=20 SGVs', '=20 SGVs'],
    ['8bit', '\u00ff', '\u00ff'],
    ['binary', '\0\r\n', '\0\r\n'],
    ['', 'x', 'x'],
  ])('%s of %j is %j', (encoding, written, expected) => expect(decode(written, encoding)).toBe(expected))

  test.each(['base64', 'quoted-printable'])('%s in pieces as in one', (encoding) => {
    const word = fc.constantFrom('=', '==', 'A', 'SGVs', '=4', '=C3', ' ', '\r', '\n', 'z', '\u00ff')
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), fc.nat(40), (words, cut) => {
        const bytes = Buffer.from(words.join(''), 'latin1')
        const outcome = (...pieces: Uint8Array[]): string => {
          try {
            const decoder = transferDecoder(encoding)!
            return Buffer.concat([...pieces.map((piece) => decoder.push(piece)), decoder.end()]).toString('hex')
          } catch (error) {
            return (error as Error).message
          }
        }
        expect(outcome(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(outcome(bytes))
      }),
    )
  })

  test('whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const written = Buffer.from(bytes).toString('base64')
        expect(Buffer.from(decode(written, 'base64'), 'latin1')).toEqual(Buffer.from(bytes))
      }),
    )
  })
})

test.each([
  ['base64', 'SGVsb', 'malformed'],
  ['uuencode', 'x', 'not-understood'],
])('%s of %j fails with %j', (encoding, written, code) => {
  expect(() => decode(written, encoding)).toThrow(expect.objectContaining({ code }))
})
