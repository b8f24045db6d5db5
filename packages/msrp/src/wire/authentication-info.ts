import { parseDigestParameters, quoted } from './digest-parameters.ts'
import { MsrpError } from './msrp-error.ts'

/** An Authentication-Info value: what a relay says beside its 200 to AUTH (RFC 4976 §7, §9.1). */
export interface AuthenticationInfo {
  /** The nonce to use next time. */
  readonly nextnonce?: string
  /** The relay's proof that it knows the password. */
  readonly rspauth?: string
  readonly cnonce?: string
  /** The client's nonce count as it was sent: eight hexadecimal digits. */
  readonly nc?: string
}

/**
 * Reads an Authentication-Info value. Everything is optional on reading.
 * @throws MsrpError `malformed`.
 */
export function parseAuthenticationInfo(text: string): AuthenticationInfo {
  const parameters = parseDigestParameters('Authentication-Info', text)
  const info: { -readonly [Name in keyof AuthenticationInfo]: string } = {}
  for (const name of ['nextnonce', 'rspauth', 'cnonce', 'nc'] as const) {
    const value = parameters.get(name)
    if (value !== undefined) info[name] = name === 'rspauth' ? value.toLowerCase() : value
  }
  return info
}

/** Writes an Authentication-Info value: nc and qop not quoted, parts separated by commas (RFC 4976 §9.1). */
export function formatAuthenticationInfo(info: AuthenticationInfo): string {
  const { nextnonce, rspauth, cnonce, nc } = info
  const parts: string[] = []
  if (nextnonce !== undefined) parts.push(quoted('nextnonce', nextnonce))
  if (rspauth !== undefined) parts.push(quoted('rspauth', rspauth))
  if (cnonce !== undefined) parts.push(quoted('cnonce', cnonce))
  if (nc !== undefined) {
    if (!/^[0-9A-Fa-f]{8}$/.test(nc)) throw new MsrpError('invalid-argument', 'nc is not eight hexadecimal digits')
    parts.push(`nc=${nc}`)
  }
  if (rspauth !== undefined) parts.push('qop=auth')
  return parts.join(', ')
}
