import { describe, expect, test } from 'vitest'
import {
  bestPart,
  buildMultipart,
  type Multipart,
  parseMultipart,
  partOfUrl,
  rootPart,
  signedContent,
} from '../../src/multipart/index.ts'

type Built = { contentType: string; body: Uint8Array }

const parsed = ({ contentType, body }: Built): Multipart => parseMultipart(body, contentType)
const related = (parameters = {}): Built =>
  buildMultipart(
    'related',
    [
      { content: 'PNG', contentType: 'image/png', contentId: 'a b%@x' },
      { content: '<p>', contentType: 'text/html', contentId: 'root@x' },
    ].map(({ contentId, ...part }) => ({ ...part, contentId: contentId.replace(' ', '+') })),
    { parameters },
  )

describe('Of an alternative', () => {
  const { parts } = parsed(
    buildMultipart('alternative', [
      { content: 'text' },
      { content: '<p>', contentType: 'text/html' },
      { content: 'x', contentType: 'application/x-fancy' },
    ]),
  )

  test.each<[string[], string | undefined]>([
    [['*'], 'application/x-fancy'],
    [['text/*'], 'text/html'],
    [['text/html', 'text/plain'], 'text/html'],
    [['text/plain'], 'text/plain;charset=utf-8'],
    [['image/png'], undefined],
  ])('whoever takes %j gets the last that is taken: %s', (accepted, expected) => {
    expect(bestPart(parts, accepted)?.contentType).toBe(expected)
  })

  test('an application may decide by anything else', () => {
    expect(bestPart(parts, ({ content }) => content.length === 4)?.text()).toBe('text')
  })
})

describe('Of a related', () => {
  test('the root is the first part, or that which start names', () => {
    expect(rootPart(parsed(related()))?.contentType).toBe('image/png')
    expect(rootPart(parsed(related({ start: '<root@x>' })))?.contentType).toBe('text/html')
    expect(rootPart(parsed(related({ start: '<gone@x>' })))?.contentType).toBe('image/png')
  })

  test('a cid: URL names a part, also one of a part (RFC 2392)', () => {
    const inner = related()
    const multipart = parsed(
      buildMultipart('mixed', [{ content: 'x' }, { content: inner.body, contentType: inner.contentType }]),
    )
    expect(partOfUrl(multipart, 'cid:root@x')?.text()).toBe('<p>')
    expect(partOfUrl(multipart, 'CID:a+b%25%40x')?.contentType).toBe('image/png')
    for (const url of ['cid:gone@x', 'cid:', 'cid:%zz', 'http://gone@x', 'root@x']) {
      expect(partOfUrl(multipart, url)).toBeUndefined()
    }
  })
})

describe('A multipart/signed is taken apart', () => {
  const signature = { content: 'MAA=', contentType: 'application/pkcs7-signature', fields: [] }
  const parameters = { protocol: 'Application/PKCS7-Signature', micalg: 'SHA-256' }

  test('into the bytes that are signed and the signature', () => {
    const built = buildMultipart('signed', [{ content: 'Hello\r\n', contentType: 'text/plain' }, signature], {
      parameters,
    })
    const { signed, part, signature: bytes, ...facts } = signedContent(parsed(built))
    expect(new TextDecoder().decode(signed)).toBe('Content-Type: text/plain\r\n\r\nHello\r\n')
    expect([part.text(), new TextDecoder().decode(bytes)]).toEqual(['Hello\r\n', 'MAA='])
    expect(facts).toEqual({ protocol: 'application/pkcs7-signature', micalg: 'sha-256' })
  })

  test('when it is one, of two parts', () => {
    expect(() => signedContent(parsed(related()))).toThrow(expect.objectContaining({ code: 'type-not-accepted' }))
    const one = buildMultipart('signed', [{ content: 'x' }])
    expect(() => signedContent(parsed(one))).toThrow(expect.objectContaining({ code: 'malformed', status: 400 }))
  })
})
