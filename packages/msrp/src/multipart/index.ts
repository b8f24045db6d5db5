/**
 * Messages with several parts (RFC 2046 §5.1): multipart/mixed, alternative, related, signed, read as they arrive or as a
 * whole, and written; and which media types say S/MIME (RFC 8591). Pure: bytes and values, in Node and in browsers.
 */
export type {
  ArrivingContent,
  Container,
  ContainerView,
  Content,
  ContentField,
  JoinedContent,
  ReadableContent,
  StreamedContent,
} from '../mime/index.ts'
export { type SmimeType, smimeAcceptTypes, smimeTypeOf, takesSmime } from '../mime/index.ts'
export {
  type BuildMultipartOptions,
  type BuiltMultipart,
  buildMultipart,
  type PartInput,
  type WholePart,
} from './build.ts'
export { bestPart, partOfUrl, rootPart } from './choose.ts'
export { multipartContainer } from './container.ts'
export { type MultipartEvents, type MultipartLimits, MultipartReader } from './multipart-reader.ts'
export {
  type MultipartSource,
  type OpenedMultipart,
  OpenedPart,
  type OpenMultipartOptions,
  openMultipart,
  readMultipart,
} from './open.ts'
export { type Multipart, MultipartPart, parseMultipart } from './parse.ts'
export { PartHead } from './part-head.ts'
export { type SignedContent, signedContent } from './signed.ts'
