import { describe, expect, test } from 'vitest'
import { parserFindings } from '../fuzz/findings.ts'
import { checkParser } from '../fuzz/parser/check.ts'
import { parserInput } from '../fuzz/parser/input.ts'
import { runTarget } from '../fuzz/workers.ts'

/** The same inputs each time; `npm run fuzz` tries others. */
const SEED = 4975
/** Milliseconds, for a machine that is busy with other things; a tenth is usual. */
const BUSY = 240_000
const INPUTS = 60_000
const CPIM_INPUTS = 20_000
const MULTIPART_INPUTS = 10_000

test(`${INPUTS} inputs of grammar and mutations do the parser no harm`, { timeout: BUSY }, async () => {
  const result = await runTarget({ target: 'parser', seed: SEED, executions: INPUTS, processes: 2 })
  expect(result.findings).toEqual([])
  expect(result.executions).toBe(INPUTS)
  const { read = 0, malformed = 0, 'read, as the plain codec does': compared = 0 } = result.outcomes
  // Neither all refused at once nor all sound.
  expect(Math.min(read, malformed)).toBeGreaterThan(INPUTS / 5)
  expect(compared).toBeGreaterThan(INPUTS / 50)
})

test(`${CPIM_INPUTS} inputs do the reader of message/cpim no harm`, { timeout: BUSY }, async () => {
  const result = await runTarget({ target: 'cpim', seed: SEED, executions: CPIM_INPUTS, processes: 2 })
  expect(result.findings).toEqual([])
  expect(result.executions).toBe(CPIM_INPUTS)
  expect(result.outcomes.read).toBeGreaterThan(CPIM_INPUTS / 3)
})

test(`${MULTIPART_INPUTS} inputs do the reader of multiparts no harm`, { timeout: BUSY }, async () => {
  const result = await runTarget({ target: 'multipart', seed: SEED, executions: MULTIPART_INPUTS, processes: 2 })
  expect(result.findings).toEqual([])
  expect(result.executions).toBe(MULTIPART_INPUTS)
  expect(result.outcomes.read).toBeGreaterThan(MULTIPART_INPUTS / 10)
})

test('an input is the same whenever it is made from its seed and number', () => {
  for (const index of [0, 1, 77_777, 2 ** 31, 2 ** 40]) {
    expect(parserInput(SEED, index)).toEqual(parserInput(SEED, index))
    expect(parserInput(SEED, index)).not.toEqual(parserInput(SEED, index + 1))
    expect(parserInput(SEED, index)).not.toEqual(parserInput(SEED + 1, index))
  }
})

describe('what was wrong once', () => {
  test.each(parserFindings)('$wrong', ({ text, limits = {}, error }) => {
    const bytes = Buffer.from(text, 'latin1')
    for (let at = 0; at <= bytes.length; at++) {
      const verdict = checkParser({ bytes, cuts: [at], limits }, { oracle: true, values: true })
      expect(verdict.error).toBe(error)
    }
    const everywhere = Array.from(bytes, (_, at) => at)
    checkParser({ bytes, cuts: everywhere, limits }, { oracle: true, values: true })
  })
})
