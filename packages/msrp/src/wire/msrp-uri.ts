import { MsrpError } from './msrp-error.ts'
import { canonicalIpv6, isNumericHost } from './numeric-host.ts'
import { shown } from './shown.ts'

/** A parameter after the transport of an MSRP URI, such as `;name=value`; the value may be absent. */
export interface UriParameter {
  readonly name: string
  readonly value: string | undefined
}

/** The parts from which `MsrpUri.build` makes a URI. */
export interface MsrpUriParts {
  readonly scheme: 'msrp' | 'msrps'
  /** The user a session is for, never with a password; percent-encoded where it needs to be. */
  readonly userinfo?: string
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  /** 0 to 65535. May only be absent for a relay that is to be found by SRV (RFC 4976 §8). */
  readonly port?: number
  readonly sessionId?: string
  /** `tcp` unless given; `ws` over WebSocket (RFC 7977). */
  readonly transport?: string
  readonly parameters?: readonly UriParameter[]
}

const UNRESERVED = 'A-Za-z0-9\\-._~'
const TOKEN = "[!#-'*+\\-.0-9A-Z^-~]+"

// A colon in userinfo would begin a password, which RFC 4975 §6 forbids; without it here such a URI does not match.
const USERINFO = `(?:[${UNRESERVED}!$&'()*+,;=]|%[0-9A-Fa-f]{2})*`
const NAME = `(?:[${UNRESERVED}!$&'()*+,=]|%[0-9A-Fa-f]{2})+`
// Read more liberally than RFC 4975 §9 has it: any character that a path of RFC 3986 may hold but the semicolon.
const SESSION_ID = `[${UNRESERVED}!$&'()*+,=:@/%]+`

const GRAMMAR = new RegExp(
  `^(msrps?)://((?:(${USERINFO})@)?(?:\\[([0-9A-Fa-f:.]+)\\]|(${NAME}))(?::(\\d{1,5}))?)` +
    `(?:/(${SESSION_ID}))?;([A-Za-z0-9]+)((?:;${TOKEN}(?:=[!-:<-~]+)?)*)$`,
  'i',
)
const STRICT_SESSION_ID = new RegExp(`^[${UNRESERVED}+=/]+$`)
const STRICT_PARAMETER = new RegExp(`^${TOKEN}$`)

/** An MSRP URI (RFC 4975 §6, §9): names one session of one device, or a device or relay as such. Immutable. */
export class MsrpUri {
  readonly scheme: 'msrp' | 'msrps'
  /** The user part as written, still percent-encoded; not compared (RFC 4975 §6.1). */
  readonly userinfo: string | undefined
  /** Lower case, needless percent-encoding removed; an IPv6 address without brackets in its RFC 5952 spelling. */
  readonly host: string
  readonly port: number | undefined
  /** Compared exactly. Absent in the URI of a device or relay. */
  readonly sessionId: string | undefined
  /** Lower case: `tcp`, `ws`. */
  readonly transport: string
  /** Parameters after the transport, in order; not compared. */
  readonly parameters: readonly UriParameter[]
  /** The scheme, host and port in one spelling, such as `msrps://[::1]:2855`: the key under which a device is known. */
  readonly authorityKey: string
  /** Equal URIs have equal keys, unequal ones unequal keys: for use in a Map. */
  readonly key: string
  readonly #text: string

  private constructor(text: string, match: RegExpExecArray) {
    const [, scheme = '', , userinfo, ipv6, name = '', port, sessionId, transport = '', parameters = ''] = match
    const host = ipv6 === undefined ? normalName(name) : canonicalIpv6(ipv6)
    if (host === undefined) throw malformed(text, 'the IPv6 address is not one')
    if (port !== undefined && Number(port) > 65535) throw malformed(text, 'the port is above 65535')
    this.#text = text
    this.scheme = scheme.length === 4 ? 'msrp' : 'msrps'
    this.userinfo = userinfo
    this.host = host
    this.port = port === undefined ? undefined : Number(port)
    this.sessionId = sessionId
    this.transport = transport.toLowerCase()
    this.parameters = parameters === '' ? [] : parametersOf(parameters)
    const bracketed = ipv6 === undefined ? host : `[${host}]`
    const authority = `${this.scheme}://${bracketed}${this.port === undefined ? '' : `:${this.port}`}`
    const key = `${authority}${sessionId === undefined ? '' : `/${sessionId}`};${this.transport}`
    // Mostly they are the text, or its beginning, and need no memory of their own.
    this.key = key === text ? text : key
    this.authorityKey = text.startsWith(authority) ? text.slice(0, authority.length) : authority
  }

  /**
   * Reads a URI. More is accepted than written: any path character in the session-id, a numeric host without port.
   * @throws MsrpError `malformed`, also for a password in the userinfo and for a missing transport (RFC 4975 §6).
   */
  static parse(text: string): MsrpUri {
    const match = GRAMMAR.exec(text)
    if (match === null) throw malformed(text, 'expected for example msrps://relay.example.com:2855/s3cr3t;tcp')
    return new MsrpUri(text, match)
  }

  /**
   * Makes a URI from parts, by the strict grammar of RFC 4975 §9.
   * @throws MsrpError `invalid-argument` when a part does not fit it, or a numeric host comes without port (§6).
   */
  static build(parts: MsrpUriParts): MsrpUri {
    const { scheme, userinfo, host, port, sessionId, transport = 'tcp', parameters = [] } = parts
    if (port === undefined && isNumericHost(host)) throw invalid('a numeric host needs a port')
    const strict = parameters.every(
      ({ name, value = name }) => STRICT_PARAMETER.test(name) && STRICT_PARAMETER.test(value),
    )
    const user = userinfo === undefined ? '' : `${userinfo}@`
    const authority = `${user}${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
    const tail = parameters.map(({ name, value }) => (value === undefined ? `;${name}` : `;${name}=${value}`)).join('')
    const path = sessionId === undefined ? '' : `/${sessionId}`
    const text = `${scheme}://${authority}${path};${transport}${tail}`
    const uri = tryParse(text)
    // A host such as `a/b` gives a URI as well, but not this one.
    const same = uri?.userinfo === userinfo && uri?.port === port && uri?.sessionId === sessionId
    const fits = strict && same && uri?.parameters.length === parameters.length
    if (uri === undefined || !fits || !STRICT_SESSION_ID.test(sessionId ?? '-')) throw invalid(shown(text))
    return uri
  }

  /** Whether the connection has to be protected by TLS (RFC 4975 §6). */
  get secure(): boolean {
    return this.scheme === 'msrps'
  }

  /** Whether the host is an address rather than a name. */
  get isNumericHost(): boolean {
    return isNumericHost(this.host)
  }

  /** Comparison by RFC 4975 §6.1: neither userinfo nor parameters other than the transport count. */
  equals(other: MsrpUri): boolean {
    return this.key === other.key
  }

  /** The URI byte for byte as it was received or built. */
  toString(): string {
    return this.#text
  }

  toJSON(): string {
    return this.#text
  }
}

function tryParse(text: string): MsrpUri | undefined {
  try {
    return MsrpUri.parse(text)
  } catch {
    return undefined
  }
}

function malformed(text: string, detail: string): MsrpError {
  return new MsrpError('malformed', `${shown(text)} is no MSRP URI: ${detail}`)
}

function invalid(detail: string): MsrpError {
  return new MsrpError('invalid-argument', `No MSRP URI can be made of these parts: ${detail}`)
}

// RFC 4975 §6.1, rule 2: what was percent-encoded without need is decoded before comparing; names ignore case.
function normalName(name: string): string {
  if (!name.includes('%')) return name.toLowerCase()
  return name
    .replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
      const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded
    })
    .toLowerCase()
}

function parametersOf(text: string): UriParameter[] {
  return text
    .slice(1)
    .split(';')
    .map((parameter) => {
      const equals = parameter.indexOf('=')
      if (equals === -1) return { name: parameter, value: undefined }
      return { name: parameter.slice(0, equals), value: parameter.slice(equals + 1) }
    })
}
