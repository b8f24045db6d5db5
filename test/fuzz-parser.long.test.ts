import { expect, test } from 'vitest'
import { runTarget } from '../fuzz/workers.ts'

/** Other inputs than those of `npm test`, the same each time. */
const SEED = 4976
const INPUTS = 400_000

test(`${INPUTS} inputs of grammar and mutations do the parser no harm`, async () => {
  const { findings, executions } = await runTarget({ target: 'parser', seed: SEED, executions: INPUTS, processes: 2 })
  expect(findings).toEqual([])
  expect(executions).toBe(INPUTS)
})
