/** Content by the rules of MIME: its header fields, transfer encodings undone, read as it arrives, joined to be sent. */
export { type Container, type ContainerView, firstDecoded } from './container.ts'
export {
  type Content,
  defaultType,
  inMemory,
  type ReadableContent,
  type StreamedContent,
} from './content.ts'
export { addFieldLine, type ContentField, contentFieldLines, fieldOf, isMimeName } from './content-fields.ts'
export {
  type ArrivingContent,
  arrivingContent,
  type ContentSource,
  sourceOf,
  startingWith,
} from './content-reader.ts'
export { untilGivenUp } from './giving-up.ts'
export { type JoinedContent, joinContents } from './joined-content.ts'
export { depthInside } from './nesting.ts'
export { type PassingSink, passingSink } from './passing-sink.ts'
export { type SmimeType, smimeAcceptTypes, smimeTypeOf, takesSmime } from './smime.ts'
export { decodeTransfer } from './transfer-encoding.ts'
