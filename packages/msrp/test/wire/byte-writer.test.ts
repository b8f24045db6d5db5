import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/wire/byte-writer.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('what is put together', () => {
  test('is everything that was written, in order', () => {
    const writer = new ByteWriter(4)
    writer.text('MSRP ')
    writer.bytes(new TextEncoder().encode('abcd'))
    writer.text('')
    writer.text('\r\n')
    expect(text(writer.take())).toBe('MSRP abcd\r\n')
  })

  test.each([
    ['short', 'Nö, €, 😀'],
    ['long', `${'x'.repeat(100)}ö€😀`],
    ['short, with the first one late', `${'x'.repeat(60)}ö`],
  ])('may have characters of several bytes: %s', (_, written) => {
    const writer = new ByteWriter(1)
    writer.text('a')
    writer.text(written)
    writer.text('z')
    expect(text(writer.take())).toBe(`a${written}z`)
  })

  test('is lent until something is written again', () => {
    const writer = new ByteWriter(64)
    writer.text('one')
    const one = writer.take()
    expect(text(one)).toBe('one')
    writer.text('two')
    expect(text(writer.take())).toBe('two')
    expect(text(one)).toBe('two')
  })
})
