import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import { MsrpError, MsrpUri, relayUris } from 'msrp'
import { parseFingerprints } from 'msrp/wire'

/** Readers of option values. Each throws `InvalidArgumentError`, whose message follows the name of the option. */

/** A place to listen at. */
export interface HostPort {
  /** Without brackets. */
  host: string
  /** 0: any free port. */
  port: number
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT` for all addresses. */
export function readHostPort(text: string): HostPort {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65535) {
    throw new InvalidArgumentError('Write HOST:PORT, for example 127.0.0.1:2855 or [::1]:0 (0 takes any free port).')
  }
  const [, ipv6, name = ''] = match
  if (ipv6 !== undefined && isIP(ipv6) !== 6)
    throw new InvalidArgumentError('There is no IPv6 address in the brackets.')
  const host = ipv6 ?? name
  return { host: host === '' || host === '*' ? '0.0.0.0' : host, port }
}

/** Whether an address means all addresses of the machine, so that no peer could connect to it as it is. */
export function isWildcard(host: string): boolean {
  return /^(0+(\.0+){0,3}|[0:]+)$/.test(host)
}

/** `NAME`, `NAME:PORT` or `[IPV6]:PORT`: what peers connect to. */
export function readPublicHost(text: string): { host: string; port?: number } {
  if (isIP(text) === 6) return { host: text }
  const match = /^(?:\[([^\]]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || Number(match?.[3] ?? 1) > 65535 || Number(match?.[3] ?? 1) === 0) {
    throw new InvalidArgumentError('Write the name or address by which peers reach this machine, with :PORT if needed.')
  }
  return match?.[3] === undefined ? { host } : { host, port: Number(match[3]) }
}

/** A whole number from 1. */
export function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('Write a whole number from 1 on.')
  }
  return count
}

/** Smallest chunk that the standard lets a sender insist on, in bytes (RFC 4975 §7.1.1). */
const SMALLEST_CHUNK = 2048

/** Bytes of a chunk: `10240`, `64k`, `1M` (powers of 1024). */
export function readChunkSize(text: string): number {
  const match = /^(\d{1,12})([kKmM]?)(?:i?[bB])?$/.exec(text)
  const unit = { '': 1, k: 1 << 10, m: 1 << 20 }[match?.[2]?.toLowerCase() ?? ''] ?? 1
  const bytes = Number(match?.[1]) * unit
  if (!match || bytes < SMALLEST_CHUNK) {
    throw new InvalidArgumentError(`Write bytes, ${SMALLEST_CHUNK} or more, for example 10240 or 64k.`)
  }
  return bytes
}

/** Seconds, fractions allowed, as milliseconds. */
export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > 86_400) {
    throw new InvalidArgumentError('Write seconds, for example 10 or 2.5.')
  }
  return Math.ceil(seconds * 1000)
}

/** Whole seconds, as milliseconds: TCP knows no parts of them. */
export function readKeepAlive(text: string): number {
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 32_767) {
    throw new InvalidArgumentError('Write whole seconds from 1 on, for example 60.')
  }
  return seconds * 1000
}

/** Collects `NAME=ADDRESS`; a name given again has several addresses, tried in turn. */
export function readResolve(text: string, previous: Record<string, string[]> = {}): Record<string, string[]> {
  const match = /^([^=\s]+)=\[?([^\]]+)\]?$/.exec(text)
  const [, name = '', address = ''] = match ?? []
  if (!match || isIP(address) === 0) {
    throw new InvalidArgumentError('Write NAME=ADDRESS, for example relay.example.com=192.0.2.7.')
  }
  const key = name.toLowerCase()
  return { ...previous, [key]: [...(previous[key] ?? []), address] }
}

/** A path as `msrp receive` or the other side's SDP shows it: URIs separated by spaces. */
export function readPath(text: string): string {
  const path = text
    .trim()
    .replace(/^(a=)?path:\s*/, '')
    .replace(/\s+/g, ' ')
  if (path === '') throw new InvalidArgumentError('The path is empty.')
  for (const uri of path.split(' ')) {
    // A shell takes an unquoted semicolon for the end of the command, so this is the mistake people make.
    if (/^msrps?:\/\/[^;]*$/i.test(uri)) {
      throw new InvalidArgumentError("The path has no ';tcp' at its end. Put all of it in single quotes: --to '…;tcp'.")
    }
    readUri(uri)
  }
  return path
}

/** A relay, or a chain of them separated by spaces, the nearest first: as `relayUris` reads them. */
export function readRelay(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Write a host such as relay.example.com.')
  try {
    return relayUris(text).join(' ')
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new InvalidArgumentError(
      `${error.message}. Write HOST, HOST:PORT or a URL such as wss://relay.example.com/msrp.`,
    )
  }
}

/** `NAME@DOMAIN`; `NAME` alone where the relay serves one domain. */
export function readUser(text: string): string {
  if (!/^[^@\s:]+(@[^@\s]+)?$/.test(text))
    throw new InvalidArgumentError('Write NAME@DOMAIN, for example bob@example.com.')
  return text
}

/** The fingerprint of a certificate, as the other side or its SDP shows it; kept as it is. */
export function readFingerprint(text: string): string {
  try {
    parseFingerprints(text)
    return text
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new InvalidArgumentError(`${error.message}. Put hash function and value in one pair of quotes.`)
  }
}

/** A media type for `Content-Type`. */
export function readMediaType(text: string): string {
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"\p{Cc}]*"|[\w!#$&^.+-]+))*$/u.test(text)) {
    throw new InvalidArgumentError('Write a media type, for example image/jpeg.')
  }
  return text
}

function readUri(text: string): MsrpUri {
  try {
    return MsrpUri.parse(text)
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new InvalidArgumentError(`${error.message}.`)
  }
}
