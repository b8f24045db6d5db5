/**
 * message/cpim (RFC 3862): the envelope with From, To and more that MSRP messages travel in where a gateway, a chat room or
 * receipts want it (RFC 4975 §13). Pure: bytes and values, in Node and in browsers.
 */

export type {
  ArrivingContent,
  Container,
  ContainerView,
  Content,
  ContentField,
  ReadableContent,
  StreamedContent,
} from '../mime/index.ts'
export { type PassingSink, passingSink } from '../mime/index.ts'
export type { CpimAddress, CpimAddressInput } from './address.ts'
export { buildCpim, type CpimHeaderInput, type CpimParts, type WrappedContent } from './build.ts'
export { comparableUri } from './comparable-uri.ts'
export { cpimContainer } from './container.ts'
export { type CpimEnvelope, cpimEnvelope } from './envelope.ts'
export { CpimHead, type CpimSubject } from './head.ts'
export { CPIM_TYPE, CpimHeadReader, type CpimLimits, type FoundHead } from './head-reader.ts'
export { CPIM_NAMESPACE, type CpimHeader, type CpimName } from './header.ts'
export { type CpimSource, cpimVerdict, type OpenedCpim, type OpenOptions, openCpim } from './open.ts'
export { type CpimMessage, parseCpim } from './parse.ts'
