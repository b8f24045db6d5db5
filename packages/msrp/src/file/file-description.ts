import type { AttributeInput } from '../sdp/index.ts'
import { type FileDates, formatFileDates, parseFileDates } from './file-date.ts'
import { type FileDisposition, formatFileDisposition, parseFileDisposition } from './file-disposition.ts'
import { formatFileIcon, parseFileIcon } from './file-icon.ts'
import { type FileRange, formatFileRange, parseFileRange } from './file-range.ts'
import { type FileSelector, formatFileSelector, parseFileSelector } from './file-selector.ts'
import { parseFileTransferId } from './file-transfer-id.ts'

/** What one section of a session description says of a file (RFC 5547 §6). */
export interface FileDescription {
  readonly selector: FileSelector
  /** One for each transfer; those who repeat it mean the same transfer (§8.1). Every peer has to give it. */
  readonly transferId?: string
  /** Undefined without the attribute, which means `render`. */
  readonly disposition?: FileDisposition
  readonly dates?: FileDates
  /** Content-ID of the body part that shows what is in the file, without brackets. */
  readonly icon?: string
  /** Undefined without the attribute, which means all of it. */
  readonly range?: FileRange
}

/** A section of a description, as far as files go: the `MessageDescription` of `msrp/sdp` is one. */
export interface AttributeSource {
  attribute(name: string): string | undefined
}

/**
 * The attribute by which an endpoint says that it knows RFC 5547, for a description in the answer to a capability query
 * (SIP OPTIONS): on the section `m=message`, and no other attribute for files beside it (§8.5).
 */
export const FILE_CAPABILITY: AttributeInput = ['file-selector']

/**
 * Reads what a section says of a file.
 * @returns undefined for a section that is about no file: without `file-selector`, or with an empty one (§8.5)
 * @throws MsrpError `malformed` naming the attribute, `limit-exceeded`
 */
export function parseFileDescription(section: AttributeSource): FileDescription | undefined {
  const value = section.attribute('file-selector')
  if (value === undefined || value.trim() === '') return undefined
  const selector = parseFileSelector(value)
  const read = <Name extends string, Value>(
    key: Name,
    name: string,
    parse: (text: string) => Value,
  ): { [Key in Name]?: Value } => {
    const text = section.attribute(name)
    return text === undefined ? {} : ({ [key]: parse(text) } as { [Key in Name]: Value })
  }
  return {
    selector,
    ...read('transferId', 'file-transfer-id', parseFileTransferId),
    ...read('disposition', 'file-disposition', parseFileDisposition),
    ...read('dates', 'file-date', parseFileDates),
    ...read('icon', 'file-icon', parseFileIcon),
    ...read('range', 'file-range', parseFileRange),
  }
}

/** Writes the attributes of a section, in the order of the examples. @throws MsrpError `invalid-argument` */
export function formatFileDescription(description: FileDescription): AttributeInput[] {
  const { selector, transferId, disposition, dates = {}, icon, range } = description
  const date = formatFileDates(dates)
  return [
    ['file-selector', formatFileSelector(selector)],
    ...(transferId === undefined ? [] : [['file-transfer-id', transferId] as const]),
    ...(disposition === undefined ? [] : [['file-disposition', formatFileDisposition(disposition)] as const]),
    ...(date === undefined ? [] : [['file-date', date] as const]),
    ...(icon === undefined ? [] : [['file-icon', formatFileIcon(icon)] as const]),
    ...(range === undefined ? [] : [['file-range', formatFileRange(range)] as const]),
  ]
}
