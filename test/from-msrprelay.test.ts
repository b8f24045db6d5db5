import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettings } from 'msrp-relay'
import { describe, expect, test } from 'vitest'
import { settingsReference } from '../packages/relay/src/config/reference.ts'
import { blocksOf } from './support/documents.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// docs/from-msrprelay.md names settings of ours for all that MSRPRelay has: they have to exist.

const page = readText('docs/from-msrprelay.md')
const ours = new Set(
  settingsReference().flatMap(({ heading, keys }) => {
    const table = heading.replace(/[[\]]/g, '')
    return keys.map(({ name }) => (table === '' ? name : `${table}.${name}`))
  }),
)
/** Rows of the tables, with the options on the left and what stands for them on the right. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map((cells) => ({ option: /`([^`]+)`/.exec(cells[1] ?? '')?.[1] ?? '', keys: keysIn(cells.slice(2).join(' ')) }))

test('every setting that the page names exists', () => {
  const named = rows.flatMap(({ keys }) => keys)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((key) => !ours.has(key))).toEqual([])
})

test('every option of config.ini is in the page', () => {
  const options = rows.map(({ option }) => option)
  expect(options).toEqual(
    expect.arrayContaining([
      ...['address', 'hostname', 'default_domain', 'certificate', 'key', 'allow_other_methods', 'debug_notls'],
      ...['log_failed_auth', 'max_auth_attempts', 'auth_challenge_expiration_time', 'backend', 'log_level'],
      ...['default', 'minimum', 'maximum'].map((which) => `session_expiration_time_${which}`),
      ...['uri', 'cleartext_passwords', 'subscriber_table'],
      ...['username_col', 'domain_col', 'password_col', 'ha1_col', 'alice@example.com = 1234'],
    ]),
  )
})

describe('what stands as a file of ours', () => {
  test.each(blocksOf(page, 'toml'))('can be read', async (block) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'database.uri'), 'mariadb://user:pass@127.0.0.1/opensips\n', { mode: 0o600 })
    const file = join(folder, 'relay.toml')
    writeFileSync(file, block)
    await expect(readSettings(file)).resolves.toHaveProperty('users')
  })
})

/** Settings stand in a row by their whole path, or as a key of the top by its name. */
function keysIn(text: string): string[] {
  const quoted = [...text.matchAll(/`([a-z_]+(?:\.[a-z0-9_]+)*)`/g)].map((match) => match[1] ?? '')
  return quoted.filter((name) => name.includes('.') || name === 'realm')
}
