import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cases } from '../bench/cases.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// The benchmark as whoever starts it meets it. What it measures is for a machine that does nothing else.

function bench(args: readonly string[], env: NodeJS.ProcessEnv = process.env): { status: number | null; text: string } {
  const program = join(repositoryRoot, 'bench/main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env })
  return { status, text: stdout + stderr }
}

test('--help names every case', () => {
  const { status, text } = bench(['--help'])
  expect(status).toBe(0)
  for (const { name } of cases) expect(text).toContain(` ${name} `)
})

test.each([
  [['--case', 'bulk'], '--case bulk: there is no such case; there are bulk-8'],
  [['--runs', '1.5'], '--runs 1.5: expected a number above 0'],
  [['--seconds', 'x'], '--seconds x: expected a number above 0'],
  [['--fast'], '--fast'],
])('%j is refused in words', (args, words) => {
  const { status, text } = bench(args)
  expect(status).toBe(2)
  expect(text).toContain(words)
})

test('what is missing is named by its Debian package, and nothing is installed', () => {
  const { status, text } = bench([], { ...process.env, PATH: temporaryFolder() })
  expect(status).toBe(2)
  expect(text).toContain('missing: a C compiler (Debian package gcc)')
  expect(text).toMatch(/^apt-get install .*gcc/m)
})

test('every target of a case is about one of its contenders and one of its figures', () => {
  for (const { name, contenders, figures, targets } of cases) {
    const labels = contenders.map(({ label }) => label)
    for (const target of targets) {
      expect(labels, name).toEqual(expect.arrayContaining([target.ours, ...('others' in target ? target.others : [])]))
      expect(figures, name).toContain(target.figure)
    }
  }
})
