/**
 * What every endpoint has to be able to receive (RFC 4975 §7.3.1, §13, §14.3), so it is taken in whatever the application
 * lists. They belong into the SDP attribute `accept-types` like any other (§8.6).
 */
export const MANDATORY_TYPES: readonly string[] = [
  'message/cpim',
  'multipart/mixed',
  'multipart/alternative',
  'multipart/signed',
]

/**
 * Whether a Content-Type is covered by a list as in the SDP attributes `accept-types` and `accept-wrapped-types`
 * (RFC 4975 §8.6): `*`, `type/*` or `type/subtype`. Parameters do not count.
 */
export function acceptsType(accepted: readonly string[], contentType: string): boolean {
  const type = bareType(contentType)
  const major = type.slice(0, type.indexOf('/') + 1)
  return accepted.some((entry) => {
    const wanted = bareType(entry)
    return wanted === '*' || wanted === type || (wanted.endsWith('/*') && major === wanted.slice(0, -1))
  })
}

/** Type and subtype alone, in lower case. */
export function bareType(contentType: string): string {
  const semicolon = contentType.indexOf(';')
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
}
