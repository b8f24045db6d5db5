import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MsrpError } from 'msrp/wire'
import { parse, TomlError } from 'smol-toml'
import type { core } from 'zod'
import { storageError } from '../io/storage-error.ts'
import { inconsistencies, listensOnLoopbackAlone } from './consistency.ts'
import { camelCase, snakeCase } from './field.ts'
import { type Surroundings, settingsSchema, type Unfinished } from './schema.ts'
import type { Settings, SettingsInput } from './settings.ts'
import { surroundings } from './surroundings.ts'

/**
 * The settings of a relay: the defaults, overridden by what the TOML file `file` says. Relative paths in the file count
 * from its folder.
 * @param file without it, the defaults alone
 * @throws MsrpError `storage` when the file cannot be read
 * @throws MsrpError `invalid-argument` when something in it is wrong; names file, key, what is wrong, what is expected
 */
export async function readSettings(file?: string, around: Surroundings = surroundings()): Promise<Settings> {
  if (file === undefined) return completeSettings({}, around)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw storageError(error, 'read', file)
  }
  return complete(camelCaseKeys(parseToml(text, file), file), { source: file, folder: dirname(resolve(file)), around })
}

/**
 * The settings of a relay that a program gives, completed with the defaults. Relative paths count from the current folder.
 * @throws MsrpError `invalid-argument` when something is wrong; names the key, what is wrong, what is expected
 */
export function completeSettings(input: SettingsInput, around: Surroundings = surroundings()): Settings {
  return complete(input, { source: 'settings', folder: process.cwd(), around })
}

function complete(input: unknown, options: { source: string; folder: string; around: Surroundings }): Settings {
  const { source, folder, around } = options
  const result = settingsSchema(around).safeParse(input)
  const flaws = result.success
    ? inconsistencies(result.data).map(({ path, message }) => `${keyName(path)} ${message}${shown(input, path)}`)
    : result.error.issues.map((issue) => explain(issue, input))
  if (result.success && flaws.length === 0) return finish(result.data, folder)
  const [first, ...others] = flaws
  const more = others.length === 0 ? '' : ` (and ${others.length} more: ${others.join('; ')})`
  throw new MsrpError('invalid-argument', `${source}: ${first}${more}`)
}

/** Fills in the defaults that follow from other settings, and makes paths absolute. */
function finish(settings: Unfinished, folder: string): Settings {
  const { advertised, tls, outbound, users } = settings
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(folder, path)
  const stateFolder = resolve(folder, settings.stateFolder)
  // Without a name the schema lets only a relay pass that nobody else can reach.
  const name = advertised.name ?? 'localhost'
  return {
    ...settings,
    advertised: { ...advertised, name },
    realm: settings.realm ?? name,
    tls: { ...tls, certificate: absolute(tls.certificate), key: absolute(tls.key), ca: absolute(tls.ca) },
    outbound: { ...outbound, allowLoopback: outbound.allowLoopback ?? listensOnLoopbackAlone(settings.listen) },
    users: { database: absolute(users.database) ?? join(stateFolder, 'users.sqlite') },
    stateFolder,
  }
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n')
    throw new MsrpError(
      'invalid-argument',
      `${file}, line ${error.line}, column ${error.column}: not TOML, ${reason}; correct that line`,
      {
        cause: error,
      },
    )
  }
}

/** Names the settings as the program does: `last_hop_tls` is `lastHopTls`. */
function camelCaseKeys(value: unknown, file: string): unknown {
  if (Array.isArray(value)) return value.map((item) => camelCaseKeys(item, file))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (/[A-Z]/.test(key))
        throw new MsrpError('invalid-argument', `${file}: unknown key "${key}"; keys are written in snake_case`)
      return [camelCase(key), camelCaseKeys(item, file)]
    }),
  )
}

function explain(issue: core.$ZodIssue, input: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => keyName([...issue.path, key]))
    return `unknown key ${keys.join(', ')}; ${issue.message}`
  }
  const missing = valueAt(input, issue.path) === undefined
  return `${keyName(issue.path)} ${missing ? `is missing; it ${issue.message}` : issue.message}${shown(input, issue.path)}`
}

/** `limits.header_line`, `listen[1].host`, as the file spells it. */
function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    const key = snakeCase(String(part))
    return name === '' ? key : `${name}.${key}`
  }, '')
}

function shown(input: unknown, path: readonly PropertyKey[]): string {
  const value = valueAt(input, path)
  if (value === undefined || (typeof value === 'object' && value !== null && !(value instanceof Date))) return ''
  const text = JSON.stringify(value)
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
}
