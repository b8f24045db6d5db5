import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** When a file was made, changed and last read, as far as its sender says (RFC 5547 §6). */
export interface FileDates {
  readonly creation?: Date
  readonly modification?: Date
  readonly read?: Date
}

const KINDS = ['creation', 'modification', 'read'] as const
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

const LONGEST = 512
const PARAMETER = /(creation|modification|read):"([^"]*)"/gi
const DATE_TIME =
  /^(?:[a-z]{3}\s*,\s*)?(\d{1,2})\s+([a-z]{3})\s+(\d{4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[a-z]{1,5})$/i

/** Zones of RFC 5322 §4.3, by minutes from UTC; those of the military mean nothing for sure, and count as UTC. */
const ZONES: Readonly<Record<string, number>> = {
  EDT: -240,
  EST: -300,
  CDT: -300,
  CST: -360,
  MDT: -360,
  MST: -420,
  PDT: -420,
  PST: -480,
}

/**
 * Reads the attribute `file-date`. Dates that cannot be read are left out: a transfer does not fail for them. Of two of a
 * kind the first counts.
 */
export function parseFileDates(text: string): FileDates {
  const dates: { -readonly [Key in keyof FileDates]: Date } = {}
  for (const [, name = '', value = ''] of text.slice(0, LONGEST).matchAll(PARAMETER)) {
    const kind = KINDS.find((one) => one === name.toLowerCase())
    const date = parseDate(value)
    if (kind !== undefined && date !== undefined) dates[kind] ??= date
  }
  return dates
}

/** Writes the attribute; undefined when there is no date. @throws MsrpError `invalid-argument` for an invalid Date */
export function formatFileDates(dates: FileDates): string | undefined {
  const parameters = KINDS.flatMap((kind) => {
    const date = dates[kind]
    return date === undefined ? [] : [`${kind}:"${formatDate(date)}"`]
  })
  return parameters.length === 0 ? undefined : parameters.join(' ')
}

/** Reads a date-time (RFC 5322 §3.3), with zones by name as well; undefined when it is none. */
export function parseDate(text: string): Date | undefined {
  const [, day = '', name = '', year, hours, minutes, seconds = '00', zone = ''] = DATE_TIME.exec(text.trim()) ?? []
  const month = MONTHS.findIndex((one) => one.toLowerCase() === name.toLowerCase()) + 1
  if (month === 0) return undefined
  const iso = `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}T${hours}:${minutes}`
  // A leap second is the next one.
  const date = new Date(`${iso}:${seconds === '60' ? '59' : seconds}Z`)
  const time = date.getTime() - minutesOf(zone) * 60_000
  // What the calendar does not have, such as 31 Feb, would come out as another day.
  return Number.isNaN(time) || date.getUTCDate() !== Number(day) ? undefined : new Date(time)
}

/** Writes a date-time of RFC 5322 in UTC, with its zone as `+0000`. @throws MsrpError `invalid-argument` */
export function formatDate(date: Date): string {
  const time = date.getTime()
  const year = date.getUTCFullYear()
  // Its grammar has four digits for the year, from 1900 on.
  if (Number.isNaN(time) || year < 1900 || year > 9999) {
    throw new MsrpError('invalid-argument', `${shown(String(date))} is no date of the years 1900 to 9999`)
  }
  const two = (value: number): string => String(value).padStart(2, '0')
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${year} ${clock} +0000`
}

function minutesOf(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2})(\d{2})$/.exec(zone) ?? []
  if (sign === undefined) return ZONES[zone.toUpperCase()] ?? 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
