/**
 * message/cpim (RFC 3862): the envelope with From, To and more that MSRP messages travel in where a gateway, a chat room or
 * receipts want it (RFC 4975 §13). Pure: bytes and values, in Node and in browsers.
 */
export type { CpimAddress, CpimAddressInput } from './address.ts'
export { buildCpim, type CpimHeaderInput, type CpimParts } from './build.ts'
export type { CpimContent, ReadableContent, StreamedContent, WrappedContent } from './content.ts'
export { type CpimEnvelope, cpimEnvelope } from './envelope.ts'
export { type ContentField, CpimHead, type CpimSubject } from './head.ts'
export { CPIM_TYPE, CpimHeadReader, type CpimLimits } from './head-reader.ts'
export { CPIM_NAMESPACE, type CpimHeader, type CpimName } from './header.ts'
export { type CpimSource, cpimVerdict, type OpenedCpim, type OpenOptions, openCpim } from './open.ts'
export { type CpimMessage, parseCpim } from './parse.ts'
