import { parseAddress } from '../cpim/address.ts'
import { CPIM_NAMESPACE, type CpimAddress, type CpimHead, type CpimParts } from '../cpim/index.ts'
import { MsrpError, parseContentDisposition, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { type ImdnWish, WISHES } from './disposition.ts'
import { IMDN_TYPE, type ImdnParts } from './imdn.ts'

/** Namespace of the headers that RFC 5438 adds to message/cpim. */
export const IMDN_NAMESPACE = 'urn:ietf:params:imdn'

/** What the sender of a message wants to hear of it, and how to tell. */
export interface ImdnRequest {
  readonly messageId: string
  readonly wishes: ReadonlySet<ImdnWish>
  /** DateTime of the message, as it stands there. */
  readonly dateTime: string | undefined
  /** Who wrote the message, and so whom notifications are for. */
  readonly from: CpimAddress | undefined
  /** Whom it was for. */
  readonly to: readonly CpimAddress[]
  /** Whom it was for before an intermediary changed that. */
  readonly originalTo: CpimAddress | undefined
  readonly subject: ImdnParts['subject']
  /** Values of IMDN-Record-Route, in their order. */
  readonly recordRoutes: readonly string[]
}

/** What notifications add to what goes around a message. */
export type ImdnHeaders = Pick<CpimParts, 'dateTime' | 'namespaces' | 'headers'>

/**
 * Asks for notifications: adds Message-ID, DateTime and Disposition-Notification to what goes around a message (RFC 5438
 * §7.1.1).
 * @param messageId not to be guessed, with 64 random bits at least (RFC 5438 §6.3)
 * @param now the message's DateTime, unless it has one
 * @throws MsrpError `invalid-argument`
 */
export function askForImdn<Parts extends Partial<CpimParts>>(
  parts: Parts,
  { messageId, wishes, now }: { messageId: string; wishes: Iterable<ImdnWish>; now: Date },
): Parts & ImdnHeaders {
  const wanted = [...new Set(wishes)]
  const unknown = wanted.find((wish) => !WISHES.has(wish))
  if (unknown !== undefined) {
    throw new MsrpError('invalid-argument', `${shown(unknown)} is no notification: ${[...WISHES].join(', ')} are`)
  }
  const asking: CpimParts['headers'] = wanted.length === 0 ? [] : [['imdn.Disposition-Notification', wanted.join(', ')]]
  return withImdnHeaders({ ...parts, dateTime: parts.dateTime ?? now }, messageId, asking)
}

/** Adds headers of RFC 5438, whose prefix in `headers` is `imdn`. */
export function withImdnHeaders<Parts extends Partial<CpimParts>>(
  parts: Parts,
  messageId: string,
  headers: NonNullable<CpimParts['headers']>,
): Parts & ImdnHeaders {
  return {
    ...parts,
    namespaces: { ...parts.namespaces, imdn: IMDN_NAMESPACE },
    headers: [['imdn.Message-ID', messageId], ...headers, ...(parts.headers ?? [])],
  }
}

/** The Message-ID that notifications about a message name; undefined when it has none. */
export function imdnMessageId(head: CpimHead): string | undefined {
  return head.find(IMDN_NAMESPACE, 'Message-ID')?.value.trim() || undefined
}

/**
 * Whether a message is a notification, or several in one (RFC 5438 §9, §8.3). The type of a single one is enough: some peers
 * forget the disposition, or put it somewhere else.
 */
export function isImdn(head: CpimHead): boolean {
  const type = parseMediaType(head.contentType)?.type
  if (type === IMDN_TYPE) return true
  const disposition = parseContentDisposition(head.contentField('Content-Disposition') ?? '')?.type
  return type === 'multipart/mixed' && disposition === 'notification'
}

/** Characters of a Message-ID that is answered to; those in the field have up to 64. */
const LONGEST_ID = 256

/**
 * What a received message asks for; undefined when that is nothing: it has no Message-ID, one of more than 256 characters, or no Disposition-Notification with
 * a value that is known here, or it is a notification itself, about which there is none (RFC 5438 §7.2.1).
 */
export function imdnRequest(head: CpimHead): ImdnRequest | undefined {
  const messageId = imdnMessageId(head)
  if (messageId === undefined || messageId.length > LONGEST_ID || isImdn(head)) return undefined
  const asked = head
    .all(IMDN_NAMESPACE, 'Disposition-Notification')
    .flatMap(({ value }) => value.split(','))
    .map((wish) => (wish.split(';', 1)[0] ?? '').trim())
    .filter((wish): wish is ImdnWish => WISHES.has(wish))
  if (asked.length === 0) return undefined
  const originalTo = head.find(IMDN_NAMESPACE, 'Original-To')
  const [subject] = head.subjects
  return {
    messageId,
    wishes: new Set(asked),
    dateTime: head.find(CPIM_NAMESPACE, 'DateTime')?.value.trim() || undefined,
    from: head.from,
    to: head.to,
    originalTo: originalTo === undefined ? undefined : parseAddress(originalTo.rawValue),
    subject: subject === undefined ? undefined : { text: subject.text, language: subject.language },
    recordRoutes: head.all(IMDN_NAMESPACE, 'IMDN-Record-Route').flatMap(({ rawValue }) => route(rawValue.trim())),
  }
}

/** Of a name with escapes the URI alone is kept, which is what counts. */
function route(rawValue: string): string[] {
  if (rawValue === '') return []
  return [rawValue.includes('\\') ? `<${parseAddress(rawValue).uri}>` : rawValue]
}
