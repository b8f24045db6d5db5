import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { filesBelow } from './support/source-files.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'

/** Files that read nothing from the wire: they write, make ids, compute digests, or hold types alone. */
const WRITING: Record<string, readonly string[]> = {
  wire: ['digest', 'encode', 'field-order', 'fingerprint', 'head', 'ident', 'index', 'msrp-error', 'rewrite'],
  cpim: ['build', 'date-time', 'envelope', 'index', 'open'],
}

interface Counts {
  total: number
  covered: number
}

let summary: Record<string, { branches: Counts }>

beforeAll(async () => {
  const folder = temporaryFolderOfFile()
  const vitest = 'node_modules/vitest/vitest.mjs'
  const args = [vitest, 'run', '--config=fuzz/coverage/vitest.config.ts', `--coverage.reportsDirectory=${folder}`]
  const program = startProgram(process.execPath, args, { lifetime: 'file' })
  const { code } = await program.exit(170_000)
  expect(code, program.describe()).toBe(0)
  summary = JSON.parse(readFileSync(join(folder, 'coverage-summary.json'), 'utf8'))
}, 180_000)

test.each(Object.keys(WRITING))(
  '%s: inputs of grammar and mutations alone reach nine in ten of the branches that read',
  (layer) => {
    const writing = WRITING[layer] ?? []
    const files = filesBelow(`packages/msrp/src/${layer}`).filter((file) => !writing.includes(basename(file, '.ts')))
    expect(files.length).toBeGreaterThan(5)
    const branches = files.map((file): Counts => {
      const found = Object.entries(summary).find(([path]) => path.endsWith(file))
      expect(found, `no coverage of ${file}`).toBeDefined()
      return found?.[1].branches ?? { total: 0, covered: 0 }
    })
    const sum = (part: keyof Counts): number => branches.reduce((all, counts) => all + counts[part], 0)
    const share = sum('covered') / sum('total')
    console.log(`${layer}: ${sum('covered')} of ${sum('total')} branches, ${(100 * share).toFixed(1)} %`)
    expect(share).toBeGreaterThanOrEqual(0.9)
  },
)
