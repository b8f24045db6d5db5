import { MsrpError } from '../wire/index.ts'
import { readXml, writeXml, type XmlElement, type XmlParts } from '../xml/index.ts'
import { DISPOSITION_TYPES, type Disposition, dispositionOf } from './disposition.ts'

/** Media type of a notification's document. */
export const IMDN_TYPE = 'message/imdn+xml'

/** Namespace of the elements. That of the headers is `IMDN_NAMESPACE`. */
const XML_NAMESPACE = 'urn:ietf:params:xml:ns:imdn'
/** Where Linphone says why a delivery failed. */
const LINPHONE = 'http://www.linphone.org/xsds/imdn.xsd'

/** A notification as the document of type message/imdn+xml has it (RFC 5438 §11). */
export interface ImdnParts {
  /** The Message-ID of the message that it is about. */
  readonly messageId: string
  /** When that message was sent: the text of its DateTime. */
  readonly dateTime: string
  /** Whom the message was for in the end. */
  readonly recipientUri?: string
  /** Whom its sender had written it to, such as a list. */
  readonly originalRecipientUri?: string
  readonly subject?: { readonly text: string; readonly language?: string | undefined }
  readonly disposition: Disposition
}

/** A notification that was read. */
export interface Imdn extends Omit<ImdnParts, 'disposition'> {
  /** Undefined when it says something that RFC 5438 does not know; `element` has it then. */
  readonly disposition: Disposition | undefined
  /** Why a delivery failed, where the peer says so beyond what RFC 5438 has: a status code as of SIP, and words. */
  readonly reason: { readonly code: number | undefined; readonly text: string } | undefined
  /** The document's root, for extensions. */
  readonly element: XmlElement
}

/**
 * Reads a document of type message/imdn+xml. It holds one notification; of a document that holds several, delivery and
 * display in one, each is given.
 * @throws MsrpError `malformed`, `limit-exceeded`
 */
export function parseImdn(xml: string): Imdn[] {
  const element = readXml(xml)
  if (element.namespace !== XML_NAMESPACE || element.name !== 'imdn') {
    throw new MsrpError('malformed', `The document is no IMDN but ${element.shown}`)
  }
  const text = (name: string): string | undefined => element.child(name)?.text || undefined
  const messageId = text('message-id')
  if (messageId === undefined) throw new MsrpError('malformed', 'The IMDN has no message-id')
  const recipientUri = text('recipient-uri')
  const originalRecipientUri = text('original-recipient-uri')
  const subject = element.child('subject')
  const facts = {
    messageId,
    dateTime: text('datetime') ?? '',
    ...(recipientUri === undefined ? {} : { recipientUri }),
    ...(originalRecipientUri === undefined ? {} : { originalRecipientUri }),
    ...(subject === undefined ? {} : { subject: { text: subject.text, language: subject.language } }),
    element,
  }
  const told = DISPOSITION_TYPES.flatMap((type) => {
    const status = element.child(`${type}-notification`)?.child('status')
    if (status === undefined) return []
    const [disposition] = status.children.flatMap(({ namespace, name }) => {
      const known = namespace === XML_NAMESPACE ? dispositionOf(type, name) : undefined
      return known === undefined ? [] : [known]
    })
    return [{ ...facts, disposition, reason: reasonIn(status) }]
  })
  return told.length > 0 ? told : [{ ...facts, disposition: undefined, reason: undefined }]
}

function reasonIn(status: XmlElement): Imdn['reason'] {
  const reason = status.child('reason', LINPHONE)
  if (reason === undefined) return undefined
  const code = Number(reason.attribute('code') ?? Number.NaN)
  return { code: Number.isInteger(code) ? code : undefined, text: reason.text }
}

/** Writes a document of type message/imdn+xml. Texts may be anything. */
export function buildImdn(imdn: ImdnParts): string {
  const { messageId, dateTime, subject, disposition } = imdn
  // The schema (RFC 5438 §11.1.9) has both URIs or none, and a subject with them alone.
  const recipient = imdn.recipientUri ?? imdn.originalRecipientUri
  const original = imdn.originalRecipientUri ?? imdn.recipientUri
  const addressed: readonly (XmlParts | undefined)[] = [
    recipient === undefined ? undefined : { name: 'recipient-uri', content: recipient },
    original === undefined ? undefined : { name: 'original-recipient-uri', content: original },
    recipient === undefined || subject === undefined
      ? undefined
      : { name: 'subject', attributes: { 'xml:lang': subject.language }, content: subject.text },
  ]
  return writeXml({
    name: 'imdn',
    attributes: { xmlns: XML_NAMESPACE },
    content: [
      { name: 'message-id', content: messageId },
      { name: 'datetime', content: dateTime },
      ...addressed,
      {
        name: `${disposition.type}-notification`,
        content: [{ name: 'status', content: [{ name: disposition.status }] }],
      },
    ],
  })
}
