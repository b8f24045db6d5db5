// Holds the tables in conformance/ against the tests, and docs/conformance.md against both.
//   --write           writes docs/conformance.md anew
//   --only IDS        flaws of rules whose id begins so, alone
//   --names FILE      the tests, as scripts/test-names.ts wrote them; else they are collected, without being run
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { documentOf } from '../conformance/document.ts'
import { flawsOf, type TestName, verdicts } from '../conformance/flaws.ts'
import { readTable, tableNames } from '../conformance/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const document = join(root, 'docs/conformance.md')

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, only: { type: 'string', default: '' }, names: { type: 'string' } },
})
const tables = new Map(tableNames.map((name) => [name, readTable(name)]))
const tests = values.names === undefined ? collected() : namesIn(values.names)
const flaws = flawsOf(tables, { tests, source })

for (const [name, rows] of tables) {
  const totals = verdicts.map((verdict) => `${rows.filter((row) => row.verdict === verdict).length} ${verdict}`)
  console.log(`${name}: ${rows.length} rules: ${totals.join(', ')}`)
}
if (values.write) writeFileSync(document, documentOf(tables, tests))
else if (source('docs/conformance.md') !== documentOf(tables, tests)) {
  flaws.push('docs/conformance.md is not what the tables say: npm run conformance')
}

const shown = flaws.filter((flaw) => flaw.includes(values.only))
for (const flaw of shown) console.error(flaw)
if (shown.length > 0) process.exitCode = 1

function source(path: string): string | undefined {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function namesIn(path: string): TestName[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function collected(): TestName[] {
  const folder = mkdtempSync(join(tmpdir(), 'msrp-conformance-'))
  const list = join(folder, 'tests.json')
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'list',
        '--project=unit',
        '--project=end-to-end',
        '--staticParse=false',
        `--json=${list}`,
      ],
      { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    if (status !== 0) throw new Error('the tests could not be collected')
    const found: TestName[] = JSON.parse(readFileSync(list, 'utf8'))
    return found.map(({ file, name }) => ({ file: relative(root, file), name }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
