// npm run settings [-- --write]: makes the reference of the relay's settings, docs/relay-settings.md, and the example file
// with all of them, from the rules that settings are read by. Without --write it only says whether both are up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { settingsDocuments } from './settings-documents.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
for (const [file, content] of Object.entries(settingsDocuments())) {
  const path = join(root, file)
  if (values.write) writeFileSync(path, content)
  else if (readFileSync(path, 'utf8') !== content) {
    console.error(`${file} does not say what the settings are; run: npm run settings`)
    process.exitCode = 1
  }
}
