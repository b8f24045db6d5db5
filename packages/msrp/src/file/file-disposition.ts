import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** What is to become of a file once it is there: `render` shows it at once, `attachment` waits for its user (RFC 5547 §7). */
export type FileDisposition = 'render' | 'attachment'

/**
 * Reads the attribute `file-disposition`. Without it the file is to be rendered; a value that is not known here is taken
 * for `attachment`, as RFC 2183 §2.8 has it.
 */
export function parseFileDisposition(text: string | undefined): FileDisposition {
  return text === undefined || /^\s*render\s*$/i.test(text) ? 'render' : 'attachment'
}

/** Writes it. @throws MsrpError `invalid-argument` for anything but the two values */
export function formatFileDisposition(disposition: FileDisposition): string {
  if (disposition === 'render' || disposition === 'attachment') return disposition
  throw new MsrpError('invalid-argument', `file-disposition: ${shown(String(disposition))} is not render or attachment`)
}
