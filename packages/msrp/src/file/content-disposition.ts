import { type ContentDisposition, formatContentDisposition, parseContentDisposition } from '../wire/index.ts'
import { type FileDates, formatDate, parseDate } from './file-date.ts'
import type { FileDisposition } from './file-disposition.ts'

/** What Content-Disposition says of a file (RFC 2183). */
export interface DisposedFile {
  readonly disposition?: FileDisposition | undefined
  readonly name?: string | undefined
  /** Bytes of the whole file, also where only a part of it is sent. */
  readonly size?: number | undefined
  readonly dates?: FileDates | undefined
}

/** Writes the field, with the same facts as the file's selector and its other attributes (RFC 5547 §6). */
export function fileContentDisposition({ disposition, name, size, dates = {} }: DisposedFile): string {
  const parameters = new Map<string, string>()
  const { creation, modification, read } = dates
  if (creation !== undefined) parameters.set('creation-date', formatDate(creation))
  if (modification !== undefined) parameters.set('modification-date', formatDate(modification))
  if (read !== undefined) parameters.set('read-date', formatDate(read))
  if (size !== undefined) parameters.set('size', String(size))
  const value: ContentDisposition = { type: disposition ?? 'attachment', parameters }
  return formatContentDisposition(name === undefined ? value : { ...value, filename: name })
}

/** Reads what the field says of a file; what cannot be read is left out. */
export function readFileDisposition(value: string | undefined): DisposedFile {
  const { type, filename, parameters } = (value === undefined ? undefined : parseContentDisposition(value)) ?? {}
  const size = parameters?.get('size') ?? ''
  const dateOf = (name: string): Date | undefined => parseDate(parameters?.get(name) ?? '')
  const creation = dateOf('creation-date')
  const modification = dateOf('modification-date')
  const read = dateOf('read-date')
  return {
    disposition: type === undefined || type === 'render' ? 'render' : 'attachment',
    name: filename,
    size: /^\d{1,15}$/.test(size) ? Number(size) : undefined,
    dates: {
      ...(creation === undefined ? {} : { creation }),
      ...(modification === undefined ? {} : { modification }),
      ...(read === undefined ? {} : { read }),
    },
  }
}
