import { isIP } from 'node:net'
import { canonicalIpv6, MsrpError } from '../wire/index.ts'
import { plainAddress } from './authority.ts'

/*
 * The header by which a proxy tells from whom a connection comes that it passes on: HAProxy's PROXY protocol, versions 1
 * (a line of text) and 2 (binary), https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
 */

/** What stood before the bytes of a connection. */
export interface ProxyHeader {
  /** Its length in bytes; what follows is the connection's own. */
  readonly length: number
  /** Who connected to the proxy. Absent when the proxy speaks for itself (LOCAL, as in its health checks) or does not know. */
  readonly source?: { readonly address: string; readonly port: number }
}

/** Bytes of the longest header that is taken: 16 and the addresses, and room for what proxies add (TLVs). */
export const PROXY_HEADER_BYTES = 4096

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const TEXT = Buffer.from('PROXY ', 'latin1')

/** Bytes of the longest header of version 1, with its CRLF. */
const TEXT_BYTES = 107

/**
 * Reads the header that `bytes` begin with; undefined while it is not all there.
 * @throws MsrpError `malformed` as soon as it can be none, or is longer than `PROXY_HEADER_BYTES`
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (begins(view, SIGNATURE)) return readBinary(view)
  if (begins(view, TEXT)) return readText(view)
  throw new MsrpError('malformed', 'no PROXY header')
}

/** Whether what is there of `bytes` agrees with `start`. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function readBinary(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < 16) return undefined
  const [versionAndCommand, familyAndProtocol] = [bytes.readUInt8(12), bytes.readUInt8(13)]
  const length = 16 + bytes.readUInt16BE(14)
  const command = versionAndCommand & 0x0f
  if (versionAndCommand >> 4 !== 2 || command > 1) {
    throw new MsrpError('malformed', `a PROXY header with version and command ${versionAndCommand}`)
  }
  if (length > PROXY_HEADER_BYTES) throw new MsrpError('malformed', `a PROXY header of ${length} bytes`)
  if (bytes.length < length) return undefined
  // LOCAL, and a PROXY whose address family is unknown: whatever addresses follow are to be passed over.
  if (command === 0 || familyAndProtocol >> 4 === 0) return { length }
  switch (familyAndProtocol) {
    case 0x11:
      if (length < 16 + 12) break
      return { length, source: { address: ipv4(bytes.subarray(16, 20)), port: bytes.readUInt16BE(24) } }
    case 0x21:
      if (length < 16 + 36) break
      return { length, source: { address: ipv6(bytes.subarray(16, 32)), port: bytes.readUInt16BE(48) } }
    default:
      throw new MsrpError('malformed', `a PROXY header for something else than TCP (${familyAndProtocol})`)
  }
  throw new MsrpError('malformed', 'a PROXY header that is too short for its addresses')
}

function readText(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, TEXT_BYTES).indexOf('\r\n')
  if (end === -1) {
    if (bytes.length >= TEXT_BYTES) throw new MsrpError('malformed', 'a PROXY line without an end')
    return undefined
  }
  const length = end + 2
  const words = bytes.toString('latin1', TEXT.length, end).split(' ')
  const [family, address = '', destination = '', port = '', destinationPort = ''] = words
  if (family === 'UNKNOWN') return { length }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0
  const addressed = version !== 0 && isIP(address) === version && isIP(destination) === version
  if (!addressed || words.length !== 5 || !isPort(port) || !isPort(destinationPort)) {
    throw new MsrpError('malformed', 'a PROXY line that is none')
  }
  return { length, source: { address: oneSpelling(address), port: Number(port) } }
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function ipv4(bytes: Buffer): string {
  return bytes.join('.')
}

function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return oneSpelling(groups.join(':'))
}

/** One address has one spelling, however the proxy writes it: it is counted and looked up by that. */
function oneSpelling(address: string): string {
  const canonical = canonicalIpv6(address)
  if (canonical === undefined) return address
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(canonical)
  if (mapped === null) return canonical
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
  return plainAddress(`::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`)
}
