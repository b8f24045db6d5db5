import { formatDateTime, parseDateTime } from '../cpim/date-time.ts'
import { MsrpError } from '../wire/index.ts'
import { readXml, writeXml } from '../xml/index.ts'

/** Media type of a status message. */
export const COMPOSING_TYPE = 'application/im-iscomposing+xml'

const NAMESPACE = 'urn:ietf:params:xml:ns:im-iscomposing'

/** Whether somebody is writing a message (RFC 3994). */
export interface ComposingStatus {
  readonly state: 'active' | 'idle'
  /** When something was last written. */
  readonly lastActive?: Date
  /** Of what is being written, as a hint: `text/plain`, or only `audio`. */
  readonly contentType?: string
  /** Seconds until which `active` is said again, or it is over. */
  readonly refresh?: number
}

/**
 * Reads a document of type application/im-iscomposing+xml. A state that is not known counts as idle, and what is wrong with
 * the rest as not said (RFC 3994 §3.5).
 * @throws MsrpError `malformed`, `limit-exceeded`
 */
export function parseComposing(xml: string): ComposingStatus {
  const element = readXml(xml)
  if (element.namespace !== NAMESPACE || element.name !== 'isComposing') {
    throw new MsrpError('malformed', `The document is no isComposing but ${element.shown}`)
  }
  const text = (name: string): string => element.child(name)?.text ?? ''
  const lastActive = parseDateTime(text('lastactive'))
  const contentType = text('contenttype')
  const refresh = /^\+?\d{1,9}$/.test(text('refresh')) ? Number(text('refresh')) : 0
  return {
    state: text('state') === 'active' ? 'active' : 'idle',
    ...(lastActive === undefined ? {} : { lastActive }),
    ...(contentType === '' ? {} : { contentType }),
    ...(refresh === 0 ? {} : { refresh }),
  }
}

/** Writes such a document. @throws MsrpError `invalid-argument` for a `refresh` or `lastActive` that cannot be written */
export function buildComposing({ state, lastActive, contentType, refresh }: ComposingStatus): string {
  if (refresh !== undefined && !(Number.isInteger(refresh) && refresh > 0)) {
    throw new MsrpError('invalid-argument', `refresh is ${refresh}: whole seconds from 1 on are needed`)
  }
  return writeXml({
    name: 'isComposing',
    attributes: { xmlns: NAMESPACE },
    content: [
      { name: 'state', content: state },
      lastActive === undefined ? undefined : { name: 'lastactive', content: formatDateTime(lastActive) },
      contentType === undefined ? undefined : { name: 'contenttype', content: contentType },
      refresh === undefined ? undefined : { name: 'refresh', content: String(refresh) },
    ],
  })
}
