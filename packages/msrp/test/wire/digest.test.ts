import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type DigestInput,
  digestAlgorithm,
  digestAlgorithmName,
  digestResponse,
  formatNonceCount,
  type Hash,
  ha1,
  rspauth,
} from '../../src/wire/index.ts'

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'md5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex')

// RFC 7616 §3.9.1.
const http: Omit<DigestInput, 'algorithm' | 'ha1'> = {
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  method: 'GET',
  uri: '/dir/index.html',
}
const mufasa = ['Mufasa', 'http-auth@example.org', 'Circle of Life'] as const

describe('digests', () => {
  test.each([
    ['md5' as const, '8ca523f5e9506fed4657c9700eebdbec'],
    ['sha-256' as const, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('RFC 7616 §3.9.1 with %s', (algorithm, response) => {
    const secret = ha1(hash, algorithm, ...mufasa)
    expect(digestResponse(hash, { ...http, algorithm, ha1: secret })).toBe(response)
  })

  test('RFC 2617 §3.5', () => {
    const input: DigestInput = {
      algorithm: 'md5',
      ha1: ha1(hash, 'md5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life'),
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      nc: '00000001',
      cnonce: '0a4f113b',
      method: 'GET',
      uri: '/dir/index.html',
    }
    expect(input.ha1).toBe('939e7578ed9e3c518a452acee763bce9')
    expect(digestResponse(hash, input)).toBe('6629fae49393a05397450978507c4ef1')
  })

  test('the method is AUTH and the URI as it was sent', () => {
    const secret = ha1(hash, 'md5', 'alice', 'localhost', '1234')
    const input: DigestInput = {
      algorithm: 'md5',
      ha1: secret,
      nonce: 'n',
      nc: '00000001',
      cnonce: 'c',
      uri: 'msrps://Relay;tcp',
    }
    const response = hash('md5', `${secret}:n:00000001:c:auth:${hash('md5', 'AUTH:msrps://Relay;tcp')}`)
    expect(digestResponse(hash, input)).toBe(response)
  })

  test('RFC4976-9.1-9: rspauth is the digest without method', () => {
    const secret = ha1(hash, 'sha-256', 'alice', 'localhost', '1234')
    const input: DigestInput = {
      algorithm: 'sha-256',
      ha1: secret,
      nonce: 'n',
      nc: '0000000a',
      cnonce: 'c',
      uri: 'msrps://r;tcp',
    }
    const proof = hash('sha-256', `${secret}:n:0000000a:c:auth:${hash('sha-256', ':msrps://r;tcp')}`)
    expect(rspauth(hash, input)).toBe(proof)
    expect(rspauth(hash, input)).not.toBe(digestResponse(hash, input))
  })

  test.each([
    [undefined, 'md5'],
    ['MD5', 'md5'],
    ['md5', 'md5'],
    ['SHA-256', 'sha-256'],
    ['sha-256', 'sha-256'],
    ['MD5-sess', undefined],
    ['SHA-256-sess', undefined],
    ['SHA-512-256', undefined],
    ['', undefined],
  ])('RFC4976-9.1-4: algorithm %s is %s', (name, algorithm) => {
    expect(digestAlgorithm(name)).toBe(algorithm)
  })

  test('algorithms are written as the RFCs write them', () => {
    expect([digestAlgorithmName('md5'), digestAlgorithmName('sha-256')]).toEqual(['MD5', 'SHA-256'])
  })

  test('a nonce count is eight digits', () => {
    expect([1, 10, 255, 0xffffffff].map(formatNonceCount)).toEqual(['00000001', '0000000a', '000000ff', 'ffffffff'])
  })
})
