import { ANONYMOUS } from '../cpim/address.ts'
import { isAbsoluteUri } from '../cpim/grammar.ts'
import { buildCpim, type CpimAddress, type CpimAddressInput } from '../cpim/index.ts'
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
  const [to] = request.to
  const recipientUri = to?.uri
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
  // RFC 5438 §7.2.1: the way back is the way here; no Record-Route and no wish for notifications about this one.
  const routes = request.recordRoutes.map((route) => ['imdn.IMDN-Route', route] as const)
  const head = {
    from: parts.from ?? usable(to),
    to: usable(request.from),
    dateTime: parts.now,
    contentType: IMDN_TYPE,
    contentFields: [['Content-Disposition', 'notification']] as const,
  }
  return buildCpim(withImdnHeaders(head, parts.messageId, routes), document)
}

function usable(address: CpimAddress | undefined): CpimAddress {
  // In a session the peer knows itself whom the notification is for.
  return address !== undefined && isAbsoluteUri(address.uri) ? address : { uri: ANONYMOUS }
}
