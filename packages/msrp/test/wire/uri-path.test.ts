import { describe, expect, test } from 'vitest'
import { formatPath, MAX_PATH_URIS, parsePath } from '../../src/wire/index.ts'

const one = 'msrp://a.example:1/x;tcp'
const two = 'MSRPS://Bob@b.example:2/y;tcp;p'

describe('paths', () => {
  test.each([
    [one, [one]],
    [`${one} ${two}`, [one, two]],
    [`  ${one}   ${two} `, [one, two]],
  ])('%j', (text, uris) => {
    expect(parsePath(text).map(String)).toEqual(uris)
  })

  test('a path is written byte for byte as its URIs were received', () => {
    expect(formatPath(parsePath(`${two} ${one}`))).toBe(`${two} ${one}`)
  })

  test.each(['', ' ', `${one},${two}`, `${one}\t${two}`, `${one} x`])('%j is none', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test('more URIs than the limit are refused', () => {
    const path = (count: number): string => Array(count).fill(one).join(' ')
    expect(parsePath(path(MAX_PATH_URIS))).toHaveLength(MAX_PATH_URIS)
    expect(() => parsePath(path(MAX_PATH_URIS + 1))).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
    expect(() => parsePath(path(3), 2)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
  })
})
