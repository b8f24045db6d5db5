import type { MessageBody } from './body.ts'
import { bareType } from './media-types.ts'
import type { SendOptions, SessionOptions } from './options.ts'

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
 * instant messages, and what is wrapped already stays as it is. `inner` is the type of what was wrapped, where it is known.
 * @throws MsrpError `invalid-argument` when the envelope cannot be written
 */
export function wrapForPeer(
  body: MessageBody,
  options: SendOptions,
  { envelope, peerAcceptTypes }: SessionOptions,
): { body: MessageBody; options: SendOptions; inner?: string } {
  const unchanged = { body, options }
  if (envelope === undefined || !wantsEnvelope(peerAcceptTypes, envelope.contentType)) return unchanged
  const { contentType, disposition = '', fileName } = options
  const isFile = fileName !== undefined || /^\s*attachment\b/i.test(disposition)
  if (isFile || (contentType !== undefined && bareType(contentType) === bareType(envelope.contentType)))
    return unchanged
  const wrapped = envelope.wrap(body, contentType)
  const wrappedTypes = [wrapped.wrappedType]
  return { body: wrapped.body, options: { ...options, contentType: envelope.contentType, wrappedTypes } }
}

/** Whether a peer asks for an envelope of this type. */
export function wantsEnvelope(peerAcceptTypes: readonly string[] | undefined, type: string): boolean {
  const [first] = peerAcceptTypes ?? []
  return first !== undefined && bareType(first) === bareType(type)
}
