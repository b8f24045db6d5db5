import { isAttachment } from '../wire/attachment.ts'
import type { MessageBody } from './body.ts'
import { bareType } from './media-types.ts'
import type { SendOptions } from './options.ts'

/**
 * What messages are wrapped in for a peer that wants it. `cpimEnvelope` of `msrp/cpim` makes one for message/cpim; the
 * session knows no more of it than this, so that an application without envelopes does not load them.
 */
export interface Envelope {
  /** Media type of what is wrapped: `message/cpim`. */
  readonly contentType: string
  /**
   * Wraps a whole message, before it is divided into chunks.
   * @param contentType of what is wrapped; undefined for what the body itself suggests
   * @returns the message to be sent, and the type of what is wrapped
   */
  wrap(body: MessageBody, contentType: string | undefined): { readonly body: MessageBody; readonly wrappedType: string }
}

/**
 * RFC 4975 §13: to a peer that names the envelope's type first in its accept-types, instant messages go in it. Files are no
 * instant messages, and what is wrapped already stays as it is.
 * @throws MsrpError `invalid-argument` when the envelope cannot be written
 */
export function wrapForPeer(
  envelope: Envelope,
  peerAcceptTypes: readonly string[] | undefined,
  body: MessageBody,
  options: SendOptions,
): { body: MessageBody; options: SendOptions } {
  const wanted = bareType(envelope.contentType)
  const { contentType = '', disposition, fileName } = options
  const [first = ''] = peerAcceptTypes ?? []
  const isWrapped = bareType(contentType) === wanted
  if (bareType(first) !== wanted || isWrapped || fileName !== undefined || isAttachment(disposition))
    return { body, options }
  const wrapped = envelope.wrap(body, options.contentType)
  const wrappedTypes = [wrapped.wrappedType]
  return { body: wrapped.body, options: { ...options, contentType: envelope.contentType, wrappedTypes } }
}
