import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

// RFC 3339 §5.6, and around it what is sent: no seconds, no colon or nothing at all in the zone.
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?$/
const STRICT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

/** Reads a DateTime value; undefined when it is none. Without a zone it is taken for UTC. */
export function parseDateTime(value: string): Date | undefined {
  const [, day, minutes, seconds = ':00', zone = 'Z'] = DATE_TIME.exec(value.trim()) ?? []
  if (day === undefined) return undefined
  const offset = zone.toUpperCase().replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2')
  const date = new Date(`${day}T${minutes}${seconds}${offset}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Writes a DateTime value; a text keeps its zone. @throws MsrpError `invalid-argument` for what is no RFC 3339 */
export function formatDateTime(dateTime: Date | string): string {
  if (typeof dateTime === 'string' && STRICT.test(dateTime) && parseDateTime(dateTime)) return dateTime
  if (dateTime instanceof Date && !Number.isNaN(dateTime.getTime())) return dateTime.toISOString()
  throw new MsrpError('invalid-argument', `DateTime of message/cpim: ${shown(String(dateTime))} is no RFC 3339 time`)
}
