import { snakeCase } from './field.ts'
import { Secret } from './secret.ts'
import type { Settings } from './settings.ts'

/** The settings as a TOML file that says all of them; secrets are masked. */
export function writeSettings(settings: Settings): string {
  return `${tableLines({ ...settings }, '')
    .join('\n')
    .trim()}\n`
}

type Table = Readonly<Record<string, unknown>>

function tableLines(table: Table, path: string): string[] {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined)
  const within = (key: string): string => (path === '' ? snakeCase(key) : `${path}.${snakeCase(key)}`)
  return [
    // TOML has keys before tables: behind a table they would belong to it.
    ...entries.flatMap(([key, value]) =>
      isTable(value) || isTables(value) ? [] : [`${snakeCase(key)} = ${written(value)}`],
    ),
    ...entries.flatMap(([key, value]) =>
      isTable(value) ? ['', `[${within(key)}]`, ...tableLines(value, within(key))] : [],
    ),
    ...entries.flatMap(([key, value]) =>
      isTables(value) ? value.flatMap((item) => ['', `[[${within(key)}]]`, ...tableLines(item, within(key))]) : [],
    ),
  ]
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)
}

function isTables(value: unknown): value is readonly Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable)
}

function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  // A basic string of TOML is one of JSON, but for DEL, which has to be escaped as well.
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f')
}
