import { type DigestAlgorithm, digestAlgorithm, digestAlgorithmName } from './digest.ts'
import { parseAuthSchemes, quoted, required } from './digest-parameters.ts'
import { MsrpError } from './msrp-error.ts'

/** Digest credentials: an Authorization value (RFC 4976 §7, §9.1). */
export interface Credentials {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  /** The URI the response was computed over; some clients leave it out. */
  readonly uri?: string
  readonly response: string
  /** Undefined when it is not known here. */
  readonly algorithm: DigestAlgorithm | undefined
  readonly cnonce: string
  /** The nonce count as written: eight hexadecimal digits, though some clients send fewer. */
  readonly nc: string
  readonly opaque?: string
}

/**
 * Reads an Authorization value. Liberal: any value quoted or not, `uri` and `opaque` may be absent.
 * @throws MsrpError `malformed`: another scheme than Digest, a parameter that RFC 4976 §9.1 requires is missing, a qop
 *   other than `auth`.
 */
export function parseCredentials(text: string): Credentials {
  const [first] = parseAuthSchemes('Authorization', text)
  if (first?.scheme !== 'digest') throw new MsrpError('malformed', 'Authorization is not Digest (RFC 4976 §9.1)')
  const { parameters } = first
  const need = (name: string): string => required('Authorization', parameters, name)
  const [uri, opaque, nc] = [parameters.get('uri'), parameters.get('opaque'), need('nc')]
  if (need('qop').toLowerCase() !== 'auth') throw new MsrpError('malformed', 'Authorization has another qop than auth')
  if (!/^[0-9A-Fa-f]{1,8}$/.test(nc)) throw new MsrpError('malformed', 'Authorization has an nc that is no count')
  return {
    username: need('username'),
    realm: need('realm'),
    nonce: need('nonce'),
    ...(uri === undefined ? {} : { uri }),
    response: need('response').toLowerCase(),
    algorithm: digestAlgorithm(parameters.get('algorithm')),
    cnonce: need('cnonce'),
    nc,
    ...(opaque === undefined ? {} : { opaque }),
  }
}

/** Writes credentials, strictly: qop, nc and algorithm not quoted, uri quoted (RFC 4976 §7, §9.1). */
export function formatCredentials(credentials: Credentials): string {
  const { username, realm, nonce, uri, response, algorithm, cnonce, nc, opaque } = credentials
  if (algorithm === undefined) throw new MsrpError('invalid-argument', 'Credentials need an algorithm')
  if (!/^[0-9A-Fa-f]{8}$/.test(nc)) throw new MsrpError('invalid-argument', 'nc is not eight hexadecimal digits')
  const parts = [quoted('username', username), quoted('realm', realm), quoted('nonce', nonce)]
  if (uri !== undefined) parts.push(quoted('uri', uri))
  parts.push('qop=auth', `nc=${nc}`, quoted('cnonce', cnonce), quoted('response', response))
  if (opaque !== undefined) parts.push(quoted('opaque', opaque))
  parts.push(`algorithm=${digestAlgorithmName(algorithm)}`)
  return `Digest ${parts.join(', ')}`
}
