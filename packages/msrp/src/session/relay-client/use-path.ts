import { MsrpError, type MsrpUri, parsePath, type ResponseHead } from '../../wire/index.ts'

/**
 * What the Use-Path of a 200 to AUTH adds to the path that the AUTH itself took to the relay: URIs to put in front of a peer's
 * path in To-Path, nearest relay first (RFC 4976 §4.2). The answer has to begin with `through`, since our requests cannot
 * reach the relay in any other way.
 *
 * @param extended the URIs that the AUTH was to extend: the relay need not repeat them
 * @throws MsrpError `malformed`, naming Use-Path and what is wrong in it
 */
export function usePathOf(
  head: ResponseHead,
  through: readonly MsrpUri[],
  extended?: readonly MsrpUri[],
): readonly MsrpUri[] {
  const values = head.fields.all('Use-Path')
  const [value] = values
  if (value === undefined) {
    if (extended !== undefined) return extended
    throw flaw('is missing in the 200 to AUTH')
  }
  if (values.length > 1) throw flaw('is there more than once')
  let path: MsrpUri[]
  try {
    path = parsePath(value)
  } catch (error) {
    throw flaw(String(error instanceof MsrpError ? error.message : error), error)
  }
  for (const { authorityKey, port, secure, sessionId } of path) {
    // RFC 4976 §9.4: between a client and its relays, and among relays, there is TLS only. §4.2 asks for a name, too; a
    // numeric host works as well and is what a relay on a test machine gives.
    const lacks = secure
      ? port === undefined
        ? 'a port'
        : sessionId === undefined && 'a session-id'
      : 'TLS: it is not msrps'
    // Session-ids in a Use-Path are secrets (RFC 4976 §3.1): the authority alone is named.
    if (lacks) throw flaw(`holds ${authorityKey} without ${lacks}`)
  }
  const leads = through.every((uri, index) => path[index]?.equals(uri))
  if (!leads) throw flaw('does not begin with the path that the relay was asked through')
  if (path.length === through.length) throw flaw('names no URI of the relay itself')
  return path.slice(through.length)
}

/** The path to give to a peer in SDP: the Use-Path from its far end, then our own URI (RFC 4976 §5.1). */
export function pathForSdp(usePath: readonly MsrpUri[], own: MsrpUri): MsrpUri[] {
  return [...usePath].reverse().concat(own)
}

function flaw(detail: string, cause?: unknown): MsrpError {
  return new MsrpError('malformed', `the relay's Use-Path ${detail}`, { cause })
}
