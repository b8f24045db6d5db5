import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MsrpUri, type MsrpUriParts } from '../../src/wire/index.ts'

const long = 'a'.repeat(300)

describe('RFC 4975 §9: a URI has these parts', () => {
  test.each<[text: string, parts: Partial<MsrpUri>]>([
    [
      'msrp://host.example.com:8493/asfd34;tcp',
      { scheme: 'msrp', secure: false, host: 'host.example.com', port: 8493, sessionId: 'asfd34', transport: 'tcp' },
    ],
    [
      'msrps://relay.example.com;tcp',
      { secure: true, host: 'relay.example.com', port: undefined, sessionId: undefined },
    ],
    ['msrps://alice@intra.example.com;tcp', { userinfo: 'alice', host: 'intra.example.com' }],
    ['msrps://al%69ce;x=1@intra.example.com;tcp', { userinfo: 'al%69ce;x=1', host: 'intra.example.com' }],
    [
      'MSRPS://Host.Example.COM:1/S;TCP',
      { scheme: 'msrps', host: 'host.example.com', sessionId: 'S', transport: 'tcp' },
    ],
    ['msrp://192.0.2.1:9/x;tcp', { host: '192.0.2.1', port: 9, isNumericHost: true }],
    ['msrp://[2001:DB8::1]:2855/x;tcp', { host: '2001:db8::1', port: 2855, isNumericHost: true }],
    ['msrp://[::]/x;tcp', { host: '::', port: undefined }],
    ['msrp://[::ffff:192.0.2.1]:1/x;tcp', { host: '::ffff:c000:201' }],
    ['msrp://ex%61mple%2Dhost:1/x;tcp', { host: 'example-host' }],
    ['msrp://a%20b:1/x;tcp', { host: 'a%20b' }],
    ['msrp://h:1/a-b.c_d~e+f=g/h//;tcp', { sessionId: 'a-b.c_d~e+f=g/h//' }],
    ['msrp://h:1/a:b@c!d%20;tcp', { sessionId: 'a:b@c!d%20' }],
    ['msrp://h:0/x;tcp', { port: 0 }],
    ['msrp://h:65535/x;tcp', { port: 65535 }],
    ['msrps://df7jal23ls0d.invalid:2855/98cjs;ws', { transport: 'ws' }],
    [
      'msrp://h:1/x;tcp;a;b=2;c=[::1]:5',
      {
        parameters: [
          { name: 'a', value: undefined },
          { name: 'b', value: '2' },
          { name: 'c', value: '[::1]:5' },
        ],
      },
    ],
    [`msrp://${long}:1/${long};tcp`, { host: long, sessionId: long }],
  ])('%s', (text, parts) => {
    const uri = MsrpUri.parse(text)
    expect(uri).toMatchObject(parts)
    expect(uri.toString()).toBe(text)
    expect(JSON.stringify(uri)).toBe(JSON.stringify(text))
  })
})

describe('RFC 4975 §9: these are no URIs', () => {
  test.each([
    ['', 'empty'],
    ['msrp://host.example.com:8493/asfd34', 'RFC4975-6-1: no transport'],
    ['msrp://host.example.com:8493/asfd34;', 'an empty transport'],
    ['msrp:host:1/x;tcp', 'no authority'],
    ['msrp:///x;tcp', 'an empty host'],
    ['msrp://:1/x;tcp', 'an empty host before a port'],
    ['sip:alice@example.com', 'another scheme'],
    ['msrpx://h:1/x;tcp', 'a scheme that begins alike'],
    ['msrp://alice:secret@h:1/x;tcp', 'RFC4975-6-6: a password'],
    ['msrp://alice:@h:1/x;tcp', 'an empty password'],
    ['msrp://a@b@h:1/x;tcp', 'two at signs'],
    ['msrp://h:65536/x;tcp', 'a port too high'],
    ['msrp://h:-1/x;tcp', 'a negative port'],
    ['msrp://h:/x;tcp', 'an empty port'],
    ['msrp://h:1x/x;tcp', 'a port with letters'],
    ['msrp://h:1/;tcp', 'an empty session-id'],
    ['msrp://h:1/a b;tcp', 'a space'],
    ['msrp://h:1/a?b;tcp', 'a query'],
    ['msrp://h:1/a#b;tcp', 'a fragment'],
    ['msrp://h:1/ä;tcp', 'beyond ASCII'],
    ['msrp://h:1/x;tcp\r\n', 'a line end'],
    ['msrp://h:1/x;tcp\n', 'a line feed at the end'],
    ['msrp://h:1/x;t-cp', 'a transport with a hyphen'],
    ['msrp://h:1/x;tcp;', 'an empty parameter'],
    ['msrp://h:1/x;tcp;a=', 'an empty parameter value'],
    ['msrp://[::1:1/x;tcp', 'an open bracket'],
    ['msrp://[1:2:3]:1/x;tcp', 'too short an IPv6 address'],
    ['msrp://[1::2::3]:1/x;tcp', 'two gaps in an IPv6 address'],
    ['msrp://[v1.x]:1/x;tcp', 'a future kind of address'],
    ['msrp://[fe80::1%25eth0]:1/x;tcp', 'a zone'],
    ['msrp://h%zz:1/x;tcp', 'a broken escape'],
  ])('%s (%s)', (text) => {
    expect(() => MsrpUri.parse(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test('reading a long text that is none takes no longer than its length', () => {
    for (const text of [
      `msrp://${'a@'.repeat(50_000)}`,
      `msrp://h:1/x;tcp${';a'.repeat(50_000)} `,
      `msrp://${'%'.repeat(100_000)}`,
    ]) {
      expect(() => MsrpUri.parse(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
  })
})

describe('RFC4975-6.1-1: comparison', () => {
  test.each([
    ['msrp://h.example:1/x;tcp', 'MSRP://H.EXAMPLE:1/x;TCP', 'scheme, host and transport in any case'],
    ['msrp://h:1/x;tcp', 'msrp://alice@h:1/x;tcp', 'userinfo is not considered'],
    ['msrp://h:1/x;tcp', 'msrp://h:1/x;tcp;a=b', 'other parameters are not considered'],
    ['msrp://h%65llo:1/x;tcp', 'msrp://hello:1/x;tcp', 'needless percent-encoding is decoded'],
    ['msrp://h%2fo:1/x;tcp', 'msrp://h%2Fo:1/x;tcp', 'percent-encoding in any case'],
    ['msrp://[::1]:1/x;tcp', 'msrp://[0:0:0:0:0:0:0:1]:1/x;tcp', 'the same IPv6 address'],
    ['msrp://[2001:db8::A]:1/x;tcp', 'msrp://[2001:0DB8:0::a]:1/x;tcp', 'the same IPv6 address, written otherwise'],
    ['msrp://h:1/x;tcp', 'msrp://h:01/x;tcp', 'the same port'],
    ['msrp://h;tcp', 'msrp://h;tcp', 'no port and no session-id in either'],
  ])('%s equals %s (%s)', (one, other) => {
    const [first, second] = [MsrpUri.parse(one), MsrpUri.parse(other)]
    expect(first.equals(second)).toBe(true)
    expect(second.equals(first)).toBe(true)
    expect(first.key).toBe(second.key)
    expect(first.authorityKey).toBe(second.authorityKey)
  })

  test.each([
    ['msrp://h:1/x;tcp', 'msrps://h:1/x;tcp', 'RFC4975-6.1-2: another scheme'],
    ['msrp://h:1/x;tcp', 'msrp://h:2/x;tcp', 'RFC4975-6.1-3: another port'],
    ['msrp://h:2855/x;tcp', 'msrp://h/x;tcp', 'RFC4975-6.1-3: a port in one only'],
    ['msrp://h:1/x;tcp', 'msrp://h:1/X;tcp', 'the session-id in another case'],
    ['msrp://h:1/x%41;tcp', 'msrp://h:1/xA;tcp', 'the session-id is compared as it is'],
    ['msrp://h:1/x/../y;tcp', 'msrp://h:1/y;tcp', 'paths are not normalised'],
    ['msrp://h:1;tcp', 'msrp://h:1/x;tcp', 'a session-id in one only'],
    ['msrp://h:1/x;tcp', 'msrp://h:1/x;ws', 'another transport'],
    ['msrp://h:1/x;tcp', 'msrp://g:1/x;tcp', 'another host'],
    ['msrp://[::1]:1/x;tcp', 'msrp://[::2]:1/x;tcp', 'another IPv6 address'],
    ['msrp://127.0.0.1:1/x;tcp', 'msrp://localhost:1/x;tcp', 'an address and a name'],
  ])('%s does not equal %s (%s)', (one, other) => {
    const [first, second] = [MsrpUri.parse(one), MsrpUri.parse(other)]
    expect(first.equals(second)).toBe(false)
    expect(second.equals(first)).toBe(false)
    expect(first.key).not.toBe(second.key)
  })

  test('the authority key is one spelling of scheme, host and port', () => {
    expect(MsrpUri.parse('MSRPS://a@[0::1]:2855/x;tcp').authorityKey).toBe('msrps://[::1]:2855')
    expect(MsrpUri.parse('msrps://Relay.Example;tcp').authorityKey).toBe('msrps://relay.example')
  })
})

describe('building', () => {
  test.each<[MsrpUriParts, string]>([
    [{ scheme: 'msrp', host: 'h', port: 1, sessionId: 'x' }, 'msrp://h:1/x;tcp'],
    [{ scheme: 'msrps', host: 'h' }, 'msrps://h;tcp'],
    [{ scheme: 'msrps', host: '::1', port: 2855, sessionId: 'x' }, 'msrps://[::1]:2855/x;tcp'],
    [{ scheme: 'msrps', userinfo: 'al%20ice', host: 'h', port: 1, transport: 'ws' }, 'msrps://al%20ice@h:1;ws'],
    [
      {
        scheme: 'msrp',
        host: 'h',
        port: 1,
        parameters: [
          { name: 'a', value: undefined },
          { name: 'b', value: 'c' },
        ],
      },
      'msrp://h:1;tcp;a;b=c',
    ],
  ])('%j gives %s', (parts, text) => {
    expect(MsrpUri.build(parts).toString()).toBe(text)
  })

  test('RFC4975-6-1: names TCP where no other transport is named', () => {
    expect(MsrpUri.build({ scheme: 'msrp', host: 'h', port: 1, sessionId: 'x' }).toString()).toMatch(/;tcp$/)
  })

  test('RFC4975-6-5: a user may be named, is read as written, and not compared', () => {
    const parts = { scheme: 'msrps', host: 'h', port: 1, sessionId: 'x' } as const
    const uri = MsrpUri.parse(MsrpUri.build({ ...parts, userinfo: 'al%20ice' }).toString())
    expect(uri.toString()).toBe('msrps://al%20ice@h:1/x;tcp')
    expect(uri).toMatchObject({ userinfo: 'al%20ice', host: 'h' })
    expect(uri.equals(MsrpUri.build(parts))).toBe(true)
  })

  test('RFC4975-6.1-2, RFC4975-6-3: the scheme tells whether there is TLS', () => {
    const secure = (['msrp', 'msrps'] as const).map((scheme) => MsrpUri.build({ scheme, host: 'h', port: 1 }).secure)
    expect(secure).toEqual([false, true])
  })

  test.each<[string, MsrpUriParts]>([
    ['RFC4975-6-2: a numeric host without port', { scheme: 'msrp', host: '192.0.2.1' }],
    ['RFC4975-6-2: an IPv6 address without port', { scheme: 'msrp', host: '::1' }],
    ['RFC4976-8-2: a numeric host without port, with TLS', { scheme: 'msrps', host: '192.0.2.1' }],
    ['RFC4976-8-2: an IPv6 address without port, with TLS', { scheme: 'msrps', host: '::1' }],
    ['RFC4975-6-6: a password', { scheme: 'msrp', userinfo: 'a:b', host: 'h', port: 1 }],
    ['an empty host', { scheme: 'msrp', host: '', port: 1 }],
    ['a host that is two parts', { scheme: 'msrp', host: 'h/x', port: 1 }],
    ['a broken IPv6 address', { scheme: 'msrp', host: '1:2', port: 1 }],
    ['a port too high', { scheme: 'msrp', host: 'h', port: 65536 }],
    ['a port that is not whole', { scheme: 'msrp', host: 'h', port: 1.5 }],
    ['a session-id outside the strict grammar', { scheme: 'msrp', host: 'h', port: 1, sessionId: 'a:b' }],
    ['an empty session-id', { scheme: 'msrp', host: 'h', port: 1, sessionId: '' }],
    ['a transport that is none', { scheme: 'msrp', host: 'h', port: 1, transport: 'a b' }],
    ['a parameter that is none', { scheme: 'msrp', host: 'h', port: 1, parameters: [{ name: 'a;b', value: '1' }] }],
    ['a parameter value that is none', { scheme: 'msrp', host: 'h', port: 1, parameters: [{ name: 'a', value: '[' }] }],
  ])('%s is refused', (_, parts) => {
    expect(() => MsrpUri.build(parts)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('what is built reads as the same parts', () => {
    const parts = fc.record({
      scheme: fc.constantFrom('msrp' as const, 'msrps' as const),
      host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 0, max: 65535 }),
      sessionId: fc.stringMatching(/^[A-Za-z0-9\-._~+=/]{1,40}$/),
      transport: fc.constantFrom('tcp', 'ws'),
    })
    fc.assert(
      fc.property(parts, (given) => {
        const uri = MsrpUri.build(given)
        const { scheme, port, sessionId, transport } = given
        expect(MsrpUri.parse(uri.toString())).toMatchObject({ scheme, port, sessionId, transport, host: uri.host })
        expect(MsrpUri.build({ ...given, host: uri.host }).equals(uri)).toBe(true)
      }),
    )
  })
})
