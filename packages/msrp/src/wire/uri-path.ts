import { MsrpError } from './msrp-error.ts'
import { MsrpUri } from './msrp-uri.ts'

/** How many URIs a path may hold unless a limit is given: more relays in a row than anyone runs. */
export const MAX_PATH_URIS = 16

/**
 * Reads a path: URIs separated by spaces, as in To-Path, From-Path and Use-Path (RFC 4975 §9, RFC 4976 §7) and in the
 * SDP attribute `path`. The leftmost is visited first.
 * @throws MsrpError `malformed` when empty or when a URI is; `limit-exceeded` beyond `limit` URIs.
 */
export function parsePath(text: string, limit: number = MAX_PATH_URIS): MsrpUri[] {
  const parts = text.split(' ').filter((part) => part !== '')
  if (parts.length === 0) throw new MsrpError('malformed', 'A path holds no URI, expected at least one')
  if (parts.length > limit) {
    throw new MsrpError('limit-exceeded', `A path holds ${parts.length} URIs, more than the limit of ${limit}`)
  }
  return parts.map((part) => MsrpUri.parse(part))
}

/** Writes a path, byte for byte from the URIs as they were received or built. */
export function formatPath(uris: readonly MsrpUri[]): string {
  return uris.join(' ')
}

/** Whether two paths lead the same way (RFC 4975 §6.1). */
export function samePath(one: readonly MsrpUri[], other: readonly MsrpUri[]): boolean {
  return one.length === other.length && one.every((uri, index) => other[index]?.equals(uri))
}
