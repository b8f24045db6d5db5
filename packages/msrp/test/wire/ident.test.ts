import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isIdent, newMessageId, newSessionId, newTransactionId } from '../../src/wire/index.ts'

describe('ids', () => {
  test.each([
    ['RFC4975-7.1-2: a transaction id holds at least 64 random bits', newTransactionId, 64],
    ['RFC4975-7.1.1-1: a Message-ID is never repeated', newMessageId, 128],
    ['RFC4975-14.1-1, RFC4975-8.2-5: a session-id holds at least 128 random bits', newSessionId, 128],
  ])('%s', (_, make, bits) => {
    const ids = Array.from({ length: 2000 }, () => make(randomBytes))
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) {
      expect(id.length).toBeGreaterThanOrEqual(16)
      expect(id).toMatch(/^[a-z2-7]{1,32}$/)
      expect(isIdent(id)).toBe(true)
    }
    // Each of the 32 characters carries 5 bits when all are equally frequent.
    const counts = new Map<string, number>()
    for (const character of ids.join('')) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(32)
    expect((ids[0]?.length ?? 0) * 5).toBeGreaterThanOrEqual(bits)
  })

  test('the same random bytes give the same id', () => {
    expect(newTransactionId((size) => new Uint8Array(size))).toBe('a'.repeat(16))
    expect(newTransactionId((size) => new Uint8Array(size).fill(255))).toBe('7'.repeat(16))
  })

  test.each(['abc', 'x'.repeat(32), 'a.-+%='])('%s can be an id', (text) => expect(isIdent(text)).toBe(true))
  test.each(['', 'ab', 'x'.repeat(33), '-abc', 'ab c', 'ab$c', 'abc\n', 'äbc'])('%j cannot', (text) => {
    expect(isIdent(text)).toBe(false)
  })
})
