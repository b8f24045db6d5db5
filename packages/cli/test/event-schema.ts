import { readFileSync } from 'node:fs'

type Check = (value: unknown) => boolean

const checks: Record<string, Check> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  number: (value) => typeof value === 'number' && value >= 0,
  null: (value) => value === null,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: (value) => Array.isArray(value),
  true: (value) => value === true,
  false: (value) => value === false,
}

interface Field {
  type: string
  optional: boolean
  check: Check
}

/** The events as docs/json-events.md describes them: a heading for each, with a table of its fields. */
const events: ReadonlyMap<string, ReadonlyMap<string, Field>> = read()

export const documentedEvents: readonly string[] = [...events.keys()]

/** What is wrong with a line of `--json` by docs/json-events.md; undefined when nothing is. */
export function eventFlaw(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('event' in event)) return 'it is no event'
  const { event: name, ...values } = event as { event: unknown; [field: string]: unknown }
  const fields = events.get(String(name))
  if (!fields) return `the event ${JSON.stringify(name)} is not documented`
  const unknown = Object.keys(values).find((field) => !fields.has(field))
  if (unknown !== undefined) return `${name}: the field ${unknown} is not documented`
  for (const [field, { type, optional, check }] of fields) {
    if (!(field in values) && optional) continue
    if (!check(values[field])) return `${name}: ${field} is ${JSON.stringify(values[field])} and not ${type}`
  }
  return undefined
}

function read(): Map<string, Map<string, Field>> {
  const text = readFileSync(new URL('../../../docs/json-events.md', import.meta.url), 'utf8')
  const sections = text.split(/^## /m).slice(1)
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')), fieldsOf(section)]))
}

function fieldsOf(section: string): Map<string, Field> {
  const rows = section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)
  return new Map(
    [...rows].map(([, name = '', type = '']) => {
      const [kinds = '', optional] = type.trim().split(', ')
      const allowed = kinds.split(' or ').map((kind) => {
        const check = checks[kind]
        if (!check) throw new Error(`docs/json-events.md: ${name} has the unknown type ${kind}`)
        return check
      })
      return [
        name,
        { type, optional: optional === 'optional', check: (value) => allowed.some((check) => check(value)) },
      ]
    }),
  )
}
