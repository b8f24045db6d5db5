import type { Container } from '../mime/container.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { encodeText } from '../wire/utf8.ts'
import type { MessageBody } from './body.ts'
import { acceptsType, bareType, MANDATORY_TYPES } from './media-types.ts'
import type { SessionOptions } from './options.ts'

/** Bytes of a message to be sent that are looked at. */
const FIRST_BYTES = 65_536

/** Containers inside of containers that are looked into. */
const DEPTH = 8

/**
 * Decides on a message before it is answered: what is inside of a container has to be listed in `acceptTypes` or
 * `acceptWrappedTypes` (RFC 4975 §8.6), as far as its first bytes show; after that the application is asked.
 * @returns undefined when there is nothing to be decided
 */
export function decisionOn(contentType: string, options: SessionOptions): SessionOptions['onRequest'] {
  const { acceptTypes = ['*'], acceptWrappedTypes, containers = [], onRequest } = options
  const accepted = [...takenInside(acceptTypes, acceptWrappedTypes), ...MANDATORY_TYPES]
  if (!containers.some(({ types }) => acceptsType(types, contentType)) || accepted.includes('*')) return onRequest
  return (request, firstBytes) => {
    const unwanted = unwantedInside(contentType, firstBytes, accepted, containers)
    if (unwanted === undefined) return onRequest?.(request, firstBytes) ?? 'accept'
    return { status: 415, comment: `${shown(unwanted)} is not taken inside of ${shown(bareType(contentType))}` }
  }
}

/**
 * RFC 4975 §8.6: both lists. Who lists containers alone, and nothing for their inside, has forgotten to; nothing at all could
 * be sent otherwise.
 */
function takenInside(acceptTypes: readonly string[], wrapped: readonly string[] | undefined): readonly string[] {
  if (wrapped === undefined && acceptTypes.every((type) => CONTAINERS.test(type))) return ['*']
  return [...acceptTypes, ...(wrapped ?? [])]
}

const CONTAINERS = /^\s*(?:message\/cpim|multipart\/)/i

/** The first type inside of a message that is not accepted, as far as the first bytes show. */
export function unwantedInside(
  contentType: string,
  firstBytes: Uint8Array,
  accepted: readonly string[],
  containers: readonly Container[],
  depth: number = DEPTH,
): string | undefined {
  const container = containers.find(({ types }) => acceptsType(types, contentType))
  if (container === undefined || depth === 0) return undefined
  const { contents, complete, choice } = container.look(contentType, firstBytes)
  const unwanted = contents.map((content) =>
    acceptsType(accepted, content.contentType)
      ? unwantedInside(content.contentType, content.firstBytes, accepted, containers, depth - 1)
      : content.contentType,
  )
  if (choice && (!complete || unwanted.includes(undefined))) return undefined
  return unwanted.find((type) => type !== undefined)
}

/**
 * What is inside of a message that is to be sent and that the peer has not listed: by `wrappedTypes`, else as far as it
 * shows in text and bytes.
 */
export function unwantedByPeer(
  body: MessageBody,
  contentType: string,
  wrappedTypes: readonly string[] | undefined,
  { peerAcceptTypes = ['*'], peerAcceptWrappedTypes, containers = [] }: SessionOptions,
): string | undefined {
  const accepted = takenInside(peerAcceptTypes, peerAcceptWrappedTypes)
  if (accepted.includes('*')) return undefined
  if (wrappedTypes !== undefined) return wrappedTypes.find((type) => !acceptsType(accepted, type))
  if (!(typeof body === 'string' || body instanceof Uint8Array)) return undefined
  const first = body.slice(0, FIRST_BYTES)
  return unwantedInside(contentType, typeof first === 'string' ? encodeText(first) : first, accepted, containers)
}

/** What the application asks for has to be possible. @throws MsrpError `invalid-argument` */
export function checkWrappedTypes({ acceptWrappedTypes, containers = [] }: SessionOptions): void {
  if (acceptWrappedTypes === undefined || containers.length > 0) return
  const text =
    'acceptWrappedTypes cannot be enforced without containers: give cpimContainer of msrp/cpim, multipartContainer of msrp/multipart, or both'
  throw new MsrpError('invalid-argument', text)
}
