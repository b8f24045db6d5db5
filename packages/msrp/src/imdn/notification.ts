import { ANONYMOUS } from '../cpim/address.ts'
import { isAbsoluteUri } from '../cpim/grammar.ts'
import { buildCpim, type CpimAddress, type CpimAddressInput, type CpimParts } from '../cpim/index.ts'
import { buildMultipart } from '../multipart/index.ts'
import { type Disposition, isWanted } from './disposition.ts'
import { buildImdn, IMDN_TYPE } from './imdn.ts'
import { type ImdnRequest, withImdnHeaders } from './request.ts'

/** What is needed beside the request to write a notification. */
export interface NotificationParts {
  /** The notification's own Message-ID, which has nothing to do with that of the message. */
  readonly messageId: string
  readonly now: Date
  /** Who we are. Default: whom the message was for. */
  readonly from?: CpimAddressInput | undefined
}

/**
 * Writes the notification that a message asks for, a whole message/cpim (RFC 5438 §7.2.1).
 * @returns undefined when the message does not ask for this one
 * @throws MsrpError `invalid-argument` for `from` and `messageId`
 */
export function buildNotification(
  request: ImdnRequest,
  disposition: Disposition,
  parts: NotificationParts,
): Uint8Array | undefined {
  if (!isWanted(request.wishes, disposition)) return undefined
  const recipientUri = request.to[0]?.uri
  const originalRecipientUri = request.originalTo?.uri
  const document = buildImdn({
    messageId: request.messageId,
    // The document needs one (RFC 5438 §11.1.2), though not every peer sends it.
    dateTime: request.dateTime ?? parts.now.toISOString(),
    ...(recipientUri === undefined ? {} : { recipientUri }),
    ...(originalRecipientUri === undefined ? {} : { originalRecipientUri }),
    ...(request.subject === undefined ? {} : { subject: request.subject }),
    disposition,
  })
  return buildCpim(around(request, IMDN_TYPE, parts), document)
}

/**
 * Writes several notifications about one message as one, for the sender of a message to a list: a whole message/cpim (RFC 5438
 * §8.3). Which there are is for the list to say: the recipients' own, as they came, without what must not be told of them (§14.2).
 * `readImdns` takes 1024 at a time, of 64 KiB together: more go in several messages.
 * @param request what the sender has asked the list for: `imdnRequest` of the message as it came there
 * @param documents of type message/imdn+xml
 * @throws MsrpError `invalid-argument` for `from` and `messageId`, and when there is no document
 */
export function buildAggregatedNotification(
  request: ImdnRequest,
  documents: readonly (string | Uint8Array)[],
  parts: NotificationParts,
): Uint8Array {
  const contents = documents.map((content) => ({ content, contentType: IMDN_TYPE }))
  const { contentType, body } = buildMultipart('mixed', contents)
  return buildCpim(around(request, contentType, parts), body)
}

/** What goes around notifications. */
function around(request: ImdnRequest, contentType: string, parts: NotificationParts): CpimParts {
  // RFC 5438 §7.2.1: the way back is the way here; no Record-Route and no wish for notifications about this one.
  const routes = request.recordRoutes.map((route) => ['imdn.IMDN-Route', route] as const)
  const head = {
    from: parts.from ?? usable(request.to[0]),
    to: usable(request.from),
    dateTime: parts.now,
    contentType,
    contentFields: [['Content-Disposition', 'notification']] as const,
  }
  return withImdnHeaders(head, parts.messageId, routes)
}

function usable(address: CpimAddress | undefined): CpimAddress {
  // In a session the peer knows itself whom the notification is for.
  return address !== undefined && isAbsoluteUri(address.uri) ? address : { uri: ANONYMOUS }
}
