import { describe, expect, test } from 'vitest'
import { formatStatus, parseStatus, reasonPhrase } from '../../src/wire/index.ts'

describe('Status (RFC 4975 §9)', () => {
  test.each([
    ['000 200 OK', { namespace: '000', code: 200, comment: 'OK' }],
    ['000 408', { namespace: '000', code: 408, comment: '' }],
    ['123 999 a  b: ü', { namespace: '123', code: 999, comment: 'a  b: ü' }],
  ])('%s', (text, status) => {
    expect(parseStatus(text)).toEqual(status)
  })

  test.each(['', '200', '200 OK', '00 200 OK', '000 20 OK', '000 2000', '000  200', '000 099', 'abc 200'])(
    '%j is none',
    (text) => {
      expect(() => parseStatus(text)).toThrow(
        expect.objectContaining({ code: 'malformed', message: expect.stringContaining('Status') }),
      )
    },
  )

  test('it is written in namespace 000 with the usual words', () => {
    expect(formatStatus(200)).toBe('000 200 OK')
    expect(formatStatus(200, '')).toBe('000 200')
    expect(formatStatus(413, 'Enough')).toBe('000 413 Enough')
    expect(formatStatus(599)).toBe('000 599')
  })

  test.each([200, 400, 401, 403, 404, 408, 413, 415, 423, 425, 428, 481, 501, 506])('%i has words', (code) => {
    expect(reasonPhrase(code)).toMatch(/^[A-Z][ -~]+$/)
  })
})
