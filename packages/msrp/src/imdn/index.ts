/**
 * Receipts (RFC 5438): what senders want to hear of their instant messages, and what recipients tell them: that a message
 * was delivered, could not be, was shown. In envelopes of message/cpim, in Node and in browsers.
 */
export type { DocumentSource, XmlElement } from '../xml/index.ts'
export type {
  Disposition,
  DispositionType,
  ImdnWish,
  ProcessingDisposition,
  RecipientDisposition,
} from './disposition.ts'
export { buildImdn, IMDN_TYPE, type Imdn, type ImdnParts, parseImdn } from './imdn.ts'
export { buildAggregatedNotification, buildNotification, type NotificationParts } from './notification.ts'
export { readImdns } from './read-imdns.ts'
export { type Consent, type ImOptions, Receipts, type ReceiptsOptions, type ReceiptsRoom } from './receipts.ts'
export type { ReceivedIm } from './received-im.ts'
export {
  askForImdn,
  IMDN_NAMESPACE,
  type ImdnHeaders,
  type ImdnRequest,
  imdnMessageId,
  imdnRequest,
  isImdn,
} from './request.ts'
export type { Fate, Receipt, SentItem } from './sent-item.ts'
export { SentItems, type SentItemsOptions } from './sent-items.ts'
export {
  CPM_NAMESPACE,
  type MessageReference,
  RCS_NAMESPACE,
  readThreading,
  type Threading,
  withThreading,
} from './threading.ts'
