import { MsrpError } from '../wire/index.ts'

/** The value of a c-line, or the end of an o-line, for a name or an address (RFC 8866 §5.7): `IN IP6 2001:db8::1`. */
export function formatAddress(host: string): string {
  // A name may lead anywhere; IP4 is what everybody writes then.
  return `IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`
}

/** Reads one: the name or address, IPv6 without brackets, and without what stands behind a slash. Undefined for none. */
export function parseAddress(value: string): string | undefined {
  const [, host = '', bracketed] = /^\s*IN\s+IP[46]\s+((?:\[([^\]\s]+)\])|[^\s/]+)/i.exec(value) ?? []
  return (bracketed ?? host).toLowerCase() || undefined
}

/** Who wrote a description, and which state of it this is (RFC 8866 §5.2). */
export interface Origin {
  readonly username: string
  readonly sessionId: string
  /** Decimal digits, of any number. */
  readonly version: string
  /** Network type, address type and address, as they stand there. */
  readonly address: string
}

/** @throws MsrpError `malformed` */
export function parseOrigin(value: string): Origin {
  const match = /^(\S+) +(\S+) +(\d{1,40}) +(\S+ +\S+ +\S+)\s*$/.exec(value)
  if (match === null) throw new MsrpError('malformed', 'the o-line has no six fields with a number as the third')
  const [, username = '', sessionId = '', version = '', address = ''] = match
  return { username, sessionId, version, address }
}

export function formatOrigin({ username, sessionId, version, address }: Origin): string {
  return `${username} ${sessionId} ${version} ${address}`
}
