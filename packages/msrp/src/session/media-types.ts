export { acceptsType, bareType } from '../wire/media-type.ts'

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
