import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

const LONGEST = 512

/**
 * Reads the attribute `file-icon`: a `cid:` URL (RFC 2392).
 * @returns the Content-ID without brackets, by which the body part that is the icon is found; see `msrp/multipart`
 * @throws MsrpError `malformed`
 */
export function parseFileIcon(text: string): string {
  const [, encoded] = /^\s*cid:([!-;=?-~]+)\s*$/i.exec(text.slice(0, LONGEST + 1)) ?? []
  const id = encoded === undefined || text.length > LONGEST ? undefined : decoded(encoded)
  if (id !== undefined && isContentId(id)) return id
  throw new MsrpError('malformed', `file-icon: ${shown(text)} is no URL such as cid:icon@example.com (RFC 2392)`)
}

/** Writes it for a Content-ID, with or without its brackets. @throws MsrpError `invalid-argument` */
export function formatFileIcon(contentId: string): string {
  const id = contentId.replace(/^<(.*)>$/, '$1')
  if (isContentId(id)) return `cid:${encodeURIComponent(id).replaceAll('%40', '@')}`
  throw new MsrpError('invalid-argument', `file-icon: ${shown(contentId)} is no Content-ID such as icon@example.com`)
}

// RFC 2392 has the @ in it, but clients are seen that leave it out.
function isContentId(id: string): boolean {
  return /^[!-;=?-~]+$/.test(id) && id.length <= LONGEST
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
