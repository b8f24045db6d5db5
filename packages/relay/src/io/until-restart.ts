import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type KeyPath, keyName, type Settings } from '../config/index.ts'

/** What only a start can change: who listens where, and what is kept in which place. */
const atStart: readonly KeyPath[] = [
  ['stateFolder'],
  ['log', 'format'],
  ['workers', 'count'],
  ['workers', 'mode'],
  ['workers', 'firstPort'],
  ['admin', 'host'],
  ['admin', 'port'],
  ['admin', 'socket'],
]

/**
 * The settings that a relay which runs can go over to: `wanted`, but for what only a start can change.
 * @returns them, and the keys whose new values have to wait, as the file spells them
 */
export function untilRestart(current: Settings, wanted: Settings): [settings: Settings, later: readonly string[]] {
  const later: string[] = []
  let settings = wanted
  for (const path of atStart) {
    const [section, key] = path as [keyof Settings, string | undefined]
    const [old, other] = [current, wanted].map((all) => (key === undefined ? all[section] : field(all[section], key)))
    if (old === other) continue
    later.push(keyName(path))
    settings = {
      ...settings,
      [section]: key === undefined ? old : { ...(settings[section] as object), [key]: old },
    }
  }
  // What follows from the state folder stays with it.
  const database = settings.users.database.replace(join(wanted.stateFolder, '/'), join(settings.stateFolder, '/'))
  const listen = settings.listen.map((one, index) => {
    const open = current.listen.find(({ host, port }) => one.port !== 0 && host === one.host && port === one.port)
    if (open === undefined || isDeepStrictEqual(open, one)) return one
    later.push(keyName(['listen', index]))
    return open
  })
  return [{ ...settings, listen, users: { ...settings.users, database } }, later]
}

function field(section: unknown, key: string): unknown {
  return typeof section === 'object' && section !== null ? Reflect.get(section, key) : undefined
}
