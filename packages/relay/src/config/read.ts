import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { core } from 'zod'
import { storageError } from '../io/storage-error.ts'
import { inconsistencies, listensOnLoopbackAlone } from './consistency.ts'
import { type Flaw, flawsError, type KeyPath, keyName } from './flaw.ts'
import { settingsSchema, type Unfinished } from './schema.ts'
import { Secret } from './secret.ts'
import type { DomainSettings, WrittenDomain } from './sections/domains.ts'
import type { Settings, SettingsInput } from './settings.ts'
import { type Surroundings, surroundings } from './surroundings.ts'
import { readToml, type TomlDocument } from './toml.ts'

/** What came of reading settings: they themselves, or everything that is wrong with them, in the order of the file. */
export type Reading =
  | { readonly settings: Settings; readonly lineOf: TomlDocument['lineOf'] }
  | { readonly settings?: undefined; readonly flaws: readonly Flaw[] }

/**
 * The settings of a relay: the defaults, overridden by what the TOML file `file` says. Relative paths in the file count
 * from its folder.
 * @param file without it, the defaults alone
 * @throws MsrpError `storage` when the file cannot be read
 * @throws MsrpError `invalid-argument` with everything that is wrong: file and line, key, what is wrong, what is expected
 */
export async function readSettings(file?: string, around: Surroundings = surroundings()): Promise<Settings> {
  if (file === undefined) return completeSettings({}, around)
  const reading = await readSettingsFile(file, around)
  if (reading.settings === undefined) throw flawsError(file, reading.flaws)
  return reading.settings
}

/**
 * The same, for whoever wants to look at each flaw by itself.
 * @throws MsrpError `storage` when the file cannot be read
 */
export async function readSettingsFile(file: string, around: Surroundings = surroundings()): Promise<Reading> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw storageError(error, 'read', file)
  }
  const document = readToml(text)
  if (!('value' in document)) {
    const { line, column, reason } = document
    return { flaws: [{ path: [], line, message: `not TOML at column ${column}: ${reason}; correct that line` }] }
  }
  const found = complete(document.value, dirname(resolve(file)), around)
  const wrong = [...document.flaws, ...(Array.isArray(found) ? found : [])]
  if (wrong.length === 0 && !Array.isArray(found)) return { settings: found, lineOf: (path) => document.lineOf(path) }
  const flaws = wrong.map((flaw) => ({ ...flaw, line: flaw.line ?? document.lineOf(flaw.path) }))
  // Nobody has written what is missing, so it has no line: it comes last.
  return { flaws: flaws.sort((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity)) }
}

/**
 * The settings of a relay that a program gives, completed with the defaults. Relative paths count from the current folder.
 * @throws MsrpError `invalid-argument` with everything that is wrong: the key, what is wrong, what is expected
 */
export function completeSettings(input: SettingsInput, around: Surroundings = surroundings()): Settings {
  const found = complete(input, process.cwd(), around)
  if (Array.isArray(found)) throw flawsError('settings', found)
  return found
}

function complete(input: unknown, folder: string, around: Surroundings): Settings | Flaw[] {
  const schema = settingsSchema(around, folder)
  const result = schema.safeParse(input)
  const flaws = result.success ? [] : result.error.issues.map((issue) => explain(issue, input))
  // What is right by itself may still not fit together: told at once with the rest, as far as that lets it be known.
  const rest = result.success
    ? result
    : schema.safeParse(
        without(
          input,
          flaws.map(({ path }) => path),
        ),
      )
  const refused = flaws.filter(({ path }) => valueAt(input, path) !== undefined).map(({ path }) => path)
  const settings = rest.success ? (rest.data as unknown as Unfinished) : undefined
  for (const { path, message } of settings === undefined ? [] : inconsistencies(settings)) {
    if (flaws.some((flaw) => isWithin(path, flaw.path) || isWithin(flaw.path, path))) continue
    // What a key is said to lack may be what was taken out beside it.
    if (refused.some((other) => other.length > 1 && isWithin(path, other.slice(0, -1)))) continue
    const isWrong = message.startsWith('must') && !(valueAt(settings, path) instanceof Secret)
    const value = isWrong ? shown(input, path) : ''
    flaws.push({ path, message: `${keyName(path)} ${message}${value}` })
  }
  return settings === undefined || flaws.length > 0 ? flaws : finish(settings, around)
}

/** Fills in the defaults that follow from other settings. */
function finish(settings: Unfinished, around: Surroundings): Settings {
  const { advertised, outbound, users } = settings
  const stateFolder = settings.stateFolder ?? around.stateFolder
  // Without a name the rules let only a relay pass that nobody else can reach.
  const name = advertised.name ?? 'localhost'
  return {
    ...settings,
    advertised: { ...advertised, name },
    realm: settings.realm?.toLowerCase() ?? name,
    domains: settings.domains.map((domain) => completeDomain(domain, name)),
    outbound: { ...outbound, allowLoopback: outbound.allowLoopback ?? listensOnLoopbackAlone(settings.listen) },
    users: { ...users, database: users.database ?? join(stateFolder, 'users.sqlite') },
    stateFolder,
  }
}

function completeDomain(domain: WrittenDomain, advertised: string): DomainSettings {
  const name = domain.name.toLowerCase()
  return { ...domain, name, realm: domain.realm?.toLowerCase() ?? name, host: domain.host ?? advertised }
}

function explain(issue: core.$ZodIssue, input: unknown): Flaw {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => keyName([...issue.path, key]))
    const path = [...issue.path, ...issue.keys.slice(0, 1)]
    return { path, message: `unknown key ${keys.join(', ')}; ${issue.message}` }
  }
  const missing = valueAt(input, issue.path) === undefined
  const said = missing ? `is missing; it ${issue.message}` : issue.message
  return { path: issue.path, message: `${keyName(issue.path)} ${said}${shown(input, issue.path)}` }
}

/** A copy of tables and lists that says nothing at these places. */
function without(input: unknown, paths: readonly KeyPath[], at: KeyPath = []): unknown {
  if (Array.isArray(input)) return input.map((item, index) => without(item, paths, [...at, index]))
  if (!isTable(input)) return input
  return Object.fromEntries(
    Object.entries(input)
      .filter(([key]) => !paths.some((path) => path.length === at.length + 1 && isWithin(path, [...at, key])))
      .map(([key, item]) => [key, without(item, paths, [...at, key])]),
  )
}

/** True when `path` is that of `table` or of something in it. */
function isWithin(path: KeyPath, table: KeyPath): boolean {
  return table.every((key, index) => path[index] === key)
}

function shown(input: unknown, path: KeyPath): string {
  const value = valueAt(input, path)
  if (value === undefined || (typeof value === 'object' && value !== null && !(value instanceof Date))) return ''
  const text = JSON.stringify(value)
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}

function valueAt(input: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
}

/** Neither a date nor anything else with a class of its own. */
function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
