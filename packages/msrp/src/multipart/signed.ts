import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { Multipart, MultipartPart } from './parse.ts'

/** What a multipart/signed consists of (RFC 1847 §2.1), for whoever checks the signature. */
export interface SignedContent {
  /** The bytes that are signed, header fields included, as they came. */
  readonly signed: Uint8Array
  /** The part that they are. */
  readonly part: MultipartPart
  /** The signature itself: for S/MIME a CMS object in DER. */
  readonly signature: Uint8Array
  /** Type of the signature, in lower case: `application/pkcs7-signature`. */
  readonly protocol: string
  /** The hash that was used, such as `sha-256`, in lower case; undefined where it is not said. */
  readonly micalg: string | undefined
}

/** Takes a multipart/signed apart. Nothing is checked. @throws MsrpError `type-not-accepted`, `malformed` */
export function signedContent({ type, parameters, parts }: Multipart): SignedContent {
  if (type !== 'multipart/signed') throw new MsrpError('type-not-accepted', `${shown(type)} is no multipart/signed`)
  const [part, signature] = parts
  if (part === undefined || signature === undefined || parts.length > 2) {
    throw new MsrpError('malformed', `multipart/signed has two parts, not ${parts.length}`, { status: 400 })
  }
  return {
    signed: part.whole,
    part,
    signature: signature.bytes(),
    protocol: (parameters.get('protocol') ?? '').toLowerCase(),
    micalg: parameters.get('micalg')?.toLowerCase(),
  }
}
