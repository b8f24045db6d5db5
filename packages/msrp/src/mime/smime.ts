import { acceptsType, bareType, parseMediaType } from '../wire/index.ts'

/**
 * What is inside of S/MIME content (RFC 8551 §3.2.2): the values of `smime-type`, and `clear-signed` for multipart/signed,
 * which can be read without S/MIME.
 */
export type SmimeType =
  | 'signed-data'
  | 'enveloped-data'
  | 'auth-enveloped-data'
  | 'compressed-data'
  | 'certs-only'
  | 'clear-signed'

const PKCS7_MIME = /^application\/(?:x-)?pkcs7-mime$/
const PKCS7_SIGNATURE = /^application\/(?:x-)?pkcs7-signature$/

/** What kind of S/MIME a Content-Type stands for: an `SmimeType`, another text that it names, '' when it does not say; else undefined. */
export function smimeTypeOf(contentType: string): string | undefined {
  const { type = '', parameters } = parseMediaType(contentType) ?? {}
  if (PKCS7_MIME.test(type)) return parameters?.get('smime-type')?.toLowerCase() ?? ''
  const isSignature = PKCS7_SIGNATURE.test(parameters?.get('protocol')?.toLowerCase() ?? '')
  return type === 'multipart/signed' && isSignature ? 'clear-signed' : undefined
}

/**
 * The entries of accept-types by which an application says which S/MIME it can handle (RFC 8591 §6, §8.3): one without
 * parameter for `all`, otherwise one for each kind.
 */
export function smimeAcceptTypes(types: 'all' | readonly SmimeType[]): string[] {
  const kinds = types === 'all' ? [] : types.filter((type) => type !== 'clear-signed')
  return [
    ...(types === 'all' ? ['application/pkcs7-mime'] : []),
    ...kinds.map((type) => `application/pkcs7-mime;smime-type=${type}`),
    // To be able to read multipart/signed is no more than everybody is; this says that the signature is looked at.
    ...(types === 'all' || types.includes('clear-signed') ? ['multipart/signed', 'application/pkcs7-signature'] : []),
  ]
}

/**
 * Whether a peer handles a kind of S/MIME, by its accept-types: `perhaps` when only a wildcard speaks for it, or when it can
 * read what is clear-signed and does not say that it checks signatures. A 415 to the first message says no then, and it is
 * heard with `failureReport` other than `no` alone (RFC 8591 §8.3).
 */
export function takesSmime(peerAcceptTypes: readonly string[], type: SmimeType): 'yes' | 'perhaps' | 'no' {
  if (type === 'clear-signed') {
    if (!acceptsType(peerAcceptTypes, 'multipart/signed')) return 'no'
    return peerAcceptTypes.some((entry) => PKCS7_SIGNATURE.test(bareType(entry))) ? 'yes' : 'perhaps'
  }
  const named = peerAcceptTypes.map(smimeTypeOf).filter((kind) => kind !== undefined && kind !== 'clear-signed')
  if (named.length > 0) return named.some((kind) => kind === '' || kind === type) ? 'yes' : 'no'
  return acceptsType(peerAcceptTypes, 'application/pkcs7-mime') ? 'perhaps' : 'no'
}
