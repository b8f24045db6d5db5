import { buildCpim, CPIM_TYPE } from '../cpim/index.ts'
import type { MessageBody } from './body.ts'
import { bareType } from './media-types.ts'
import type { SendOptions, SessionOptions } from './options.ts'

/**
 * RFC 4975 §13: to a peer that names message/cpim first in its accept-types, instant messages go in that envelope. Files are
 * no instant messages, and what is wrapped already stays as it is. The whole message is wrapped here, before anything is
 * divided into chunks.
 * @throws MsrpError `invalid-argument` when the envelope cannot be written
 */
export function wrapForPeer(
  body: MessageBody,
  options: SendOptions,
  { cpim, peerAcceptTypes }: SessionOptions,
): { body: MessageBody; options: SendOptions } {
  const unchanged = { body, options }
  if (cpim === undefined || !wantsCpim(peerAcceptTypes)) return unchanged
  const { contentType, disposition = '', fileName } = options
  const isFile = fileName !== undefined || /^\s*attachment\b/i.test(disposition)
  if (isFile || (contentType !== undefined && bareType(contentType) === CPIM_TYPE)) return unchanged
  const parts = typeof cpim === 'function' ? cpim() : cpim
  const wrapped = buildCpim({ ...parts, ...(contentType === undefined ? {} : { contentType }) }, body)
  return { body: wrapped, options: { ...options, contentType: CPIM_TYPE } }
}

/** Whether a peer asks for the envelope. */
export function wantsCpim(peerAcceptTypes: readonly string[] | undefined): boolean {
  const [first] = peerAcceptTypes ?? []
  return first !== undefined && bareType(first) === CPIM_TYPE
}
