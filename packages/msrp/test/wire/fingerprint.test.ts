import { describe, expect, test } from 'vitest'
import { formatFingerprint, parseFingerprints } from '../../src/wire/index.ts'

const digest = (bytes: number, byte = 'AB'): string => Array.from({ length: bytes }, () => byte).join(':')
const SHA256 = `sha-256 ${digest(32)}`
const SHA384 = `sha-384 ${digest(48)}`
const SHA512 = `sha-512 ${digest(64)}`
const SHA1 = `SHA-1 ${digest(20)}`

describe('Fingerprints (RFC 8122 §5)', () => {
  test.each<[string, string | string[]]>([
    ['as it stands in the attribute', SHA256],
    ['with the name of the attribute', `fingerprint:${SHA256}`],
    ['as the line of the description', `a=fingerprint:${SHA256}`],
    ['in lower case, as some programs print it', SHA256.toLowerCase()],
    ['with a hash function in upper case, as RFC 4975 shows it', SHA256.toUpperCase()],
    ['beside one that is too weak', [SHA1, SHA256, `md5 ${digest(16)}`]],
    ['beside one by a function that is not known', [`sha3-256 ${digest(32)}`, SHA256]],
  ])('one is read %s', (_, input) => {
    const fingerprints = parseFingerprints(input)
    expect(fingerprints).toEqual([{ hash: 'sha-256', digest: digest(32) }])
    expect(fingerprints?.map(formatFingerprint)).toEqual([SHA256])
  })

  test('of several hash functions the strongest counts, and all of it', () => {
    const other = `sha-384 ${digest(48, 'CD')}`
    expect(parseFingerprints([SHA256, SHA384, other])?.map(formatFingerprint)).toEqual([SHA384, other])
    expect(parseFingerprints([SHA512, SHA384, SHA256])?.map(formatFingerprint)).toEqual([SHA512])
  })

  test('none is none, but an empty list is a mistake: nobody would be checked', () => {
    expect(parseFingerprints(undefined)).toBeUndefined()
    expect(() => parseFingerprints([])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test.each<[string, string | string[], RegExp]>([
    ['SHA-1', SHA1, /"sha-1" is too weak.*sha-256 or stronger/],
    ['MD5 and SHA-1', [`md5 ${digest(16)}`, SHA1], /"md5" or "sha-1" is too weak/],
    ['an unknown function', `sha3-256 ${digest(32)}`, /"sha3-256" is not known here/],
  ])('%s alone is not enough', (_, input, message) => {
    expect(() => parseFingerprints(input)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    )
  })

  test.each([
    '',
    'sha-256',
    digest(32),
    `sha-256 ${digest(31)}`,
    `sha-256 ${digest(33)}`,
    `sha-256 ${digest(32).replaceAll(':', '')}`,
    `sha-256 ${digest(32, 'XY')}`,
    `sha-256 ${digest(32)} x`,
    `md5 x`,
  ])('%j is none, even beside a good one', (text) => {
    expect(() => parseFingerprints([SHA256, text])).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('no fingerprint') }),
    )
  })
})
