import { acceptsType } from '../wire/index.ts'
import type { Multipart, MultipartPart } from './parse.ts'

/**
 * Of the parts of a multipart/alternative the best that the application takes: the last one (RFC 2046 §5.1.4).
 * @param accepted media types as in accept-types (`text/plain`, `image/*`, `*`), or a function that decides
 */
export function bestPart<Part extends { readonly contentType: string }>(
  parts: readonly Part[],
  accepted: readonly string[] | ((part: Part) => boolean),
): Part | undefined {
  return parts.findLast((part) =>
    typeof accepted === 'function' ? accepted(part) : acceptsType(accepted, part.contentType),
  )
}

/** Of a multipart/related the part that the others belong to: that which `start` names, else the first (RFC 2387 §3.2). */
export function rootPart({ parameters, parts }: Multipart): MultipartPart | undefined {
  const start = parameters.get('start')?.replace(/^\s*<(.*)>\s*$/s, '$1')
  return parts.find(({ contentId }) => start !== undefined && contentId === start) ?? parts[0]
}

/**
 * The part that a `cid:` URL names (RFC 2392), also inside of parts.
 * @param url such as `cid:image1@example.com`, as it stands in HTML
 * @throws MsrpError as `parseMultipart` for parts that are multiparts
 */
export function partOfUrl(multipart: Multipart, url: string): MultipartPart | undefined {
  const [, encoded = ''] = /^cid:(.+)$/is.exec(url.trim()) ?? []
  const id = decoded(encoded)
  return id === undefined || id === '' ? undefined : partWithId(multipart, id)
}

function partWithId({ parts }: Multipart, id: string): MultipartPart | undefined {
  for (const part of parts) {
    if (part.contentId === id) return part
    const found = /^\s*multipart\//i.test(part.contentType) ? partWithId(part.multipart(), id) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function decoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
