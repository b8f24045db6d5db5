/**
 * Session descriptions for MSRP (RFC 4975 §8), and the negotiation of sessions by offer and answer (RFC 3264).
 */
export type {
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
