import type { Container } from '../mime/container.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { encodeText } from '../wire/utf8.ts'
import type { MessageBody } from './body.ts'
import { acceptsType, bareType, MANDATORY_TYPES, takenInside } from './media-types.ts'
import type { SessionOptions, Verdict } from './options.ts'

/** Bytes of a message to be sent that are looked at. */
const FIRST_BYTES = 65_536

/** Containers inside of containers that are looked into; what is deeper inside counts as not accepted. */
const DEPTH = 8

/**
 * Looks at what is inside of a container (RFC 4975 §8.6): gives a refusal for what is neither in `acceptTypes` nor in
 * `acceptWrappedTypes`, as far as the first bytes show, and where they show nothing though more follow them (not `whole`).
 * Undefined where everything is taken, or nobody can look.
 */
export function inspectionOf(
  contentType: string,
  { acceptTypes = ['*'], acceptWrappedTypes, containers = [] }: SessionOptions,
): ((firstBytes: Uint8Array, whole: boolean) => Verdict | undefined) | undefined {
  const accepted = [...takenInside(acceptTypes, acceptWrappedTypes), ...MANDATORY_TYPES]
  if (!containers.some(({ types }) => acceptsType(types, contentType)) || accepted.includes('*')) return undefined
  return (firstBytes, whole) => {
    const outside = shown(bareType(contentType))
    const unwanted = unwantedInside(contentType, firstBytes, accepted, containers)
    if (unwanted !== undefined) return { status: 415, comment: `${shown(unwanted)} is not taken inside of ${outside}` }
    if (whole || showsInside(contentType, firstBytes, containers)) return undefined
    // A head that is longer serves nobody but who has something to hide.
    return {
      status: 415,
      comment: `What is inside of ${outside} does not show in its first ${firstBytes.length} bytes`,
    }
  }
}

/** Whether anything shows that has nothing inside of itself. */
function showsInside(contentType: string, firstBytes: Uint8Array, containers: readonly Container[]): boolean {
  const container = containers.find(({ types }) => acceptsType(types, contentType))
  if (container === undefined) return true
  const { contents, complete } = container.look(contentType, firstBytes)
  return complete || contents.some((content) => showsInside(content.contentType, content.firstBytes, containers))
}

/** The first type inside of a message that is not accepted, as far as the first bytes show. */
function unwantedInside(
  contentType: string,
  firstBytes: Uint8Array,
  accepted: readonly string[],
  containers: readonly Container[],
  depth: number = DEPTH,
): string | undefined {
  const container = containers.find(({ types }) => acceptsType(types, contentType))
  if (container === undefined) return undefined
  if (depth === 0) return contentType
  const { contents, complete, choice } = container.look(contentType, firstBytes)
  const unwanted = contents.map((content) =>
    acceptsType(accepted, content.contentType)
      ? unwantedInside(content.contentType, content.firstBytes, accepted, containers, depth - 1)
      : content.contentType,
  )
  if (choice && (!complete || unwanted.includes(undefined))) return undefined
  return unwanted.find((type) => type !== undefined)
}

/** What of that shows in text and bytes that are to be sent. */
export function unwantedIn(
  body: MessageBody,
  contentType: string,
  accepted: readonly string[],
  containers: readonly Container[],
): string | undefined {
  return unwantedInside(contentType, beginningOf(body), accepted, containers)
}

/** The types that show inside of text and bytes that are to be sent, containers before what they contain. */
export function typesInside(body: MessageBody, contentType: string, containers: readonly Container[]): string[] {
  return shownInside(contentType, beginningOf(body), containers, DEPTH)
}

function shownInside(
  contentType: string,
  firstBytes: Uint8Array,
  containers: readonly Container[],
  depth: number,
): string[] {
  const container = containers.find(({ types }) => acceptsType(types, contentType))
  if (container === undefined || depth === 0) return []
  return container
    .look(contentType, firstBytes)
    .contents.flatMap((content) => [
      content.contentType,
      ...shownInside(content.contentType, content.firstBytes, containers, depth - 1),
    ])
}

/** Of other bodies nothing shows. */
function beginningOf(body: MessageBody): Uint8Array {
  if (!(typeof body === 'string' || body instanceof Uint8Array)) return new Uint8Array()
  const first = body.slice(0, FIRST_BYTES)
  return typeof first === 'string' ? encodeText(first) : first
}

/** What the application asks for has to be possible. @throws MsrpError `invalid-argument` */
export function checkWrappedTypes({ acceptWrappedTypes, containers = [] }: SessionOptions): void {
  if (acceptWrappedTypes === undefined || containers.length > 0) return
  const text =
    'acceptWrappedTypes cannot be enforced without containers: give cpimContainer of msrp/cpim, multipartContainer of msrp/multipart, or both; without it anything is taken inside of others (a Negotiation of msrp/sdp takes it alone, to tell the peer)'
  throw new MsrpError('invalid-argument', text)
}
