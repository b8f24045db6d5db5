import { test } from 'vitest'
import { checkParser } from '../parser/check.ts'
import { parserInput } from '../parser/input.ts'
import { targetOf } from '../targets.ts'

/** Enough for the numbers not to rise any more. */
const INPUTS = 10_000
const CPIM_INPUTS = 4_000

test('inputs', async () => {
  for (let index = 0; index < INPUTS; index++) {
    checkParser(parserInput(4975, index), { oracle: false, values: false })
  }
  for (let index = 0; index < CPIM_INPUTS; index++) await targetOf('cpim').run(4975, index)
})
