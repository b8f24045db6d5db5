import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from '../../src/node/proxy-header.ts'
import { MsrpError } from '../../src/wire/index.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'

/** Version 2: version and command, family and protocol, what follows. */
function binary(command: number, family: number, rest: string, length = rest.length / 2): Buffer {
  const bytes = Buffer.from(`${SIGNATURE}00000000${rest}`, 'hex')
  bytes.writeUInt8(command, 12)
  bytes.writeUInt8(family, 13)
  bytes.writeUInt16BE(length, 14)
  return bytes
}

const ipv4 = 'cb007107c0000201c6b20b27'
const ipv6 = `20010db8${'00'.repeat(11)}0720010db8${'00'.repeat(11)}01c6b20b27`
const mapped = `${'00'.repeat(10)}ffffcb007107${'00'.repeat(10)}ffffc0000201c6b20b27`

const headers: [what: string, header: Buffer, source: { address: string; port: number } | undefined][] = [
  ['version 2 over IPv4', binary(0x21, 0x11, ipv4), { address: '203.0.113.7', port: 50_866 }],
  ['version 2 over IPv6', binary(0x21, 0x21, ipv6), { address: '2001:db8::7', port: 50_866 }],
  [
    'version 2 with an IPv4 address inside of IPv6',
    binary(0x21, 0x21, mapped),
    { address: '203.0.113.7', port: 50_866 },
  ],
  [
    'version 2 with more after the addresses',
    binary(0x21, 0x11, `${ipv4}040003aabbcc`),
    { address: '203.0.113.7', port: 50_866 },
  ],
  [
    'version 2 as long as may be',
    binary(0x21, 0x11, `${ipv4}${'00'.repeat(4068)}`),
    { address: '203.0.113.7', port: 50_866 },
  ],
  ['version 2, LOCAL', binary(0x20, 0x00, ''), undefined],
  ['version 2, LOCAL with addresses', binary(0x20, 0x11, ipv4), undefined],
  ['version 2 of an unknown family', binary(0x21, 0x00, ''), undefined],
  [
    'version 1 over IPv4',
    Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 50866 2855\r\n'),
    { address: '203.0.113.7', port: 50_866 },
  ],
  [
    'version 1 over IPv6',
    Buffer.from('PROXY TCP6 2001:DB8:0::7 2001:db8::1 50866 2855\r\n'),
    { address: '2001:db8::7', port: 50_866 },
  ],
  [
    'version 1 with an IPv4 address inside of IPv6',
    Buffer.from('PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n'),
    { address: '203.0.113.7', port: 1 },
  ],
  ['version 1 of an unknown family', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1 of an unknown family with something more', Buffer.from('PROXY UNKNOWN a b c d\r\n'), undefined],
]

describe('a header of the PROXY protocol', () => {
  it.each(headers)('is read: %s', (_, header, source) => {
    const read = readProxyHeader(Buffer.concat([header, Buffer.from('\x16\x03\x01 and what follows')]))
    expect(read?.length).toBe(header.length)
    expect(read?.source).toEqual(source)
  })

  it.each(headers)('is waited for until its last byte: %s', (_, header, source) => {
    for (let length = 0; length < header.length; length++) {
      expect(readProxyHeader(header.subarray(0, length))).toBeUndefined()
    }
    expect(readProxyHeader(header)?.source).toEqual(source)
  })

  it.each([
    ['a ClientHello', Buffer.from('\x16\x03\x01\x02\x00', 'latin1')],
    ['MSRP', Buffer.from('MSRP 1234 AUTH\r\n')],
    ['a signature that is wrong in its last byte', Buffer.from(`${SIGNATURE.slice(0, -1)}b`, 'hex')],
    ['version 1 by its number in version 2', binary(0x11, 0x11, ipv4)],
    ['version 3', binary(0x31, 0x11, ipv4)],
    ['a command that is none', binary(0x22, 0x11, ipv4)],
    ['UDP', binary(0x21, 0x12, ipv4)],
    ['a unix socket', binary(0x21, 0x31, '00'.repeat(216))],
    ['too short for IPv4', binary(0x21, 0x11, ipv4.slice(2))],
    ['too short for IPv6', binary(0x21, 0x21, ipv6.slice(2))],
    ['too long, before it is all there', binary(0x21, 0x11, '', 4081)],
    ['a line of another family', Buffer.from('PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n')],
    ['a line in lower case', Buffer.from('proxy TCP4 203.0.113.7 192.0.2.1 1 2\r\n')],
    ['a line without ports', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1\r\n')],
    ['a line with a word too many', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 1 2 3\r\n')],
    ['a line whose address is of the other family', Buffer.from('PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n')],
    ['a line with a name', Buffer.from('PROXY TCP4 client.example.com 192.0.2.1 1 2\r\n')],
    ['a line with a port that is none', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n')],
    ['a line without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(96)}`)],
  ])('is not: %s', (_, bytes) => {
    expect(() => readProxyHeader(bytes)).toThrow(MsrpError)
  })

  it('is, or is not, whatever comes: nothing else happens', () => {
    const start = fc.constantFrom(
      SIGNATURE,
      `${SIGNATURE}21`,
      `${SIGNATURE}2111`,
      Buffer.from('PROXY TCP6 ').toString('hex'),
      '',
    )
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (hex, rest) => {
        const bytes = Buffer.concat([Buffer.from(hex, 'hex'), rest])
        try {
          const read = readProxyHeader(bytes)
          if (read === undefined) return
          expect(read.length).toBeLessThanOrEqual(bytes.length)
          if (read.source !== undefined) expect(isIP(read.source.address)).not.toBe(0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'malformed' })
        }
      }),
    )
  })
})
