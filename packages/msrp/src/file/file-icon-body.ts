import { buildMultipart, parseMultipart, rootPart } from '../multipart/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'

/** A preview of a file (RFC 5547 §8.8). It goes through the signalling, so it should have a few kilobytes at most. */
export interface FileIcon {
  /** Without brackets; what `icon` of the offer names it by. */
  readonly contentId: string
  /** Such as `image/png`. */
  readonly contentType: string
  readonly content: Uint8Array
}

/** What goes into SIP as a body, or comes from there. */
export interface SignalledBody {
  readonly contentType: string
  readonly body: Uint8Array
}

/** Largest body that is read, in bytes. */
const MOST = 1 << 20

/**
 * A session description together with the icons that it names: multipart/related, whose root is the description (RFC 5547
 * §8.8, RFC 2387). A peer that refuses such a body (SIP 415) gets the description alone.
 */
export function describeWithIcons(description: string, icons: readonly FileIcon[]): SignalledBody {
  const parts = icons.map(({ contentId, contentType, content }) => {
    return { content, contentType, contentId, disposition: 'icon' }
  })
  const root = { content: description, contentType: 'application/sdp' }
  return buildMultipart('related', [root, ...parts], { parameters: { type: 'application/sdp' } })
}

/**
 * Reads a body from the signalling: a description alone, or one with icons.
 * @returns the description, and each icon by its Content-ID
 * @throws MsrpError `malformed`, `limit-exceeded`, `type-not-accepted` for a body of another type
 */
export function readDescription({ contentType, body }: SignalledBody): {
  description: string
  icons: ReadonlyMap<string, FileIcon>
} {
  if (body.length > MOST)
    throw new MsrpError('limit-exceeded', `The body has ${body.length} bytes, ${MOST} are the most`)
  const type = parseMediaType(contentType)?.type
  if (type === 'application/sdp') return { description: new TextDecoder().decode(body), icons: new Map() }
  if (type?.startsWith('multipart/') !== true) throw noDescription(contentType)
  const multipart = parseMultipart(body, contentType)
  const root = rootPart(multipart)
  if (root === undefined || parseMediaType(root.contentType)?.type !== 'application/sdp')
    throw noDescription(contentType)
  const icons = new Map<string, FileIcon>()
  for (const part of multipart.parts) {
    const { contentId } = part
    if (part === root || contentId === undefined) continue
    icons.set(contentId, { contentId, contentType: part.contentType, content: part.bytes() })
  }
  return { description: root.text(), icons }
}

function noDescription(contentType: string): MsrpError {
  return new MsrpError('type-not-accepted', `A body of type ${contentType.slice(0, 80)} is no session description`)
}
