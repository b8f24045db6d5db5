/** Small XML documents of strangers, read and written. */
export { type DocumentSource, documentText } from './document.ts'
export { readXml, type XmlElement } from './read.ts'
export { writeXml, type XmlParts } from './write.ts'
