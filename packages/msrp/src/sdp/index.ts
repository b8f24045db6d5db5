/**
 * Session descriptions for MSRP (RFC 4975 §8), and the negotiation of sessions by offer and answer (RFC 3264). In Node and in
 * browsers.
 */
export type { Origin } from './address.ts'
export type {
  AcceptOptions,
  AnswerOptions,
  AttributeInput,
  Direction,
  MediaChanges,
  MediaNegotiation,
  MediaWishes,
  Medium,
  MediumDecision,
  MessageDescription,
  NegotiationOptions,
  OfferedMedium,
  OfferOptions,
  OfferReason,
  Preparing,
  SdpAttribute,
  Setup,
} from './api.ts'
export { Negotiation } from './negotiation.ts'
export { type CarryOffer, type NextByOfferOptions, nextByOffer, type ReofferOptions, reoffer } from './reoffer.ts'
export { type MediaSection, SessionDescription } from './session-description.ts'
