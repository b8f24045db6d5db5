import { z } from 'zod'
import { type Documentation, documentation, snakeCase } from './field.ts'
import { settingsSchema } from './schema.ts'

/** A table of the configuration file, with what is said of it and its keys. */
export interface ReferenceTable {
  /** As the file names it, such as `[tls]` or `[[listen]]`; empty for the keys that come before all tables. */
  readonly heading: string
  readonly about: string
  readonly keys: readonly ReferenceKey[]
}

/** A key of a table. */
export interface ReferenceKey extends Documentation {
  /** As the file spells it. */
  readonly name: string
}

/** Every setting there is, from the rules that settings are read by. */
export function settingsReference(): ReferenceTable[] {
  const schema = settingsSchema({ ipv6Loopback: true, stateFolder: '' }, '/')
  return tablesOf(schema, [], '')
}

function tablesOf(schema: z.ZodObject, path: readonly string[], about: string, isList = false): ReferenceTable[] {
  const keys: ReferenceKey[] = []
  const below: ReferenceTable[] = []
  for (const [key, field] of Object.entries(schema.shape)) {
    const name = snakeCase(key)
    const { object, list } = tableIn(field)
    const said = documentation.get(field)
    if (said === undefined) throw new Error(`nothing is said of the setting ${[...path, name].join('.')}`)
    if (object !== undefined) below.push(...tablesOf(object, [...path, name], said.about, list))
    else keys.push({ name, ...said })
  }
  const name = path.join('.')
  const heading = name === '' ? '' : isList ? `[[${name}]]` : `[${name}]`
  return [{ heading, about, keys }, ...below]
}

/** The table that a field of a table is, or has a list of, below its default. */
function tableIn(field: unknown): { object?: z.ZodObject; list: boolean } {
  if (field instanceof z.ZodObject) return { object: field, list: false }
  if (field instanceof z.ZodArray && field.element instanceof z.ZodObject) return { object: field.element, list: true }
  if (field instanceof z.ZodPrefault || field instanceof z.ZodDefault || field instanceof z.ZodOptional) {
    return tableIn(field.unwrap())
  }
  return { list: false }
}
