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

/**
 * What is taken inside of containers (RFC 4975 §8.6): both lists. Who lists containers alone, and nothing for their inside, has
 * forgotten to; nothing at all could be sent otherwise.
 */
export function takenInside(acceptTypes: readonly string[], wrapped: readonly string[] | undefined): readonly string[] {
  if (wrapped === undefined && acceptTypes.every((type) => CONTAINERS.test(type))) return ['*']
  return [...acceptTypes, ...(wrapped ?? [])]
}

const CONTAINERS = /^\s*(?:message\/cpim|multipart\/)/i
