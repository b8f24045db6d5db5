import { expect, test } from 'vitest'
import { runTarget } from '../fuzz/workers.ts'

/** The same runs each time; `npm run fuzz` tries others. */
const SEED = 4975
/** Milliseconds, for a machine that is busy with other things; a tenth is usual. */
const BUSY = 240_000
const RUNS = 1000

test.each([
  ['endpoint', 'an endpoint shows only what was sent whole and keeps nothing'],
  ['relay', 'a relay forwards only what was sent, serves those who behave and keeps nothing'],
])('%s: whatever comes, %s', { timeout: BUSY }, async (target) => {
  const { findings, executions, outcomes } = await runTarget({ target, seed: SEED, executions: RUNS, processes: 2 })
  expect(findings).toEqual([])
  expect(executions).toBe(RUNS)
  // It gets deep: messages arrive, and others get through.
  expect((outcomes.messages ?? 0) + (outcomes['much got through'] ?? 0)).toBeGreaterThan(RUNS / 50)
})
