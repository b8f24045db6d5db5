import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settingsDocuments } from '../../../../scripts/settings-documents.ts'
import { repositoryRoot } from '../../../../test/support/repository.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { readSettings, type Surroundings } from '../../src/config/index.ts'

const around: Surroundings = { ipv6Loopback: true, stateFolder: '/var/lib/msrp-relay' }
const documents = settingsDocuments()

test.each(Object.keys(documents))('%s says what the rules say; if not: npm run settings', (file) => {
  expect(readFileSync(join(repositoryRoot, file), 'utf8')).toBe(documents[file])
})

test('the example file, whatever stands in it, says the defaults', async () => {
  const example = Object.entries(documents).find(([file]) => file.endsWith('.toml'))?.[1] ?? ''
  const file = join(temporaryFolder(), 'relay.toml')
  writeFileSync(file, example)
  expect(await readSettings(file, around)).toEqual(await readSettings(undefined, around))
})

test('the example file names every key that settings have, or a table around it', async () => {
  const example = Object.entries(documents).find(([file]) => file.endsWith('.toml'))?.[1] ?? ''
  const named = (key: string): boolean => new RegExp(`^(# )?(${key} =|\\[+(\\w+\\.)*${key}\\])`, 'm').test(example)
  expect(keysOf(await readSettings(undefined, around)).filter((key) => !named(key))).toEqual([])
})

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ...keysOf(item),
  ])
}
