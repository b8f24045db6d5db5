import { expect, test } from 'vitest'
import { disturbedRun, givenSeed } from './support/disturbed/run.ts'

test('messages among kills, stalls and cut connections: what is told to be delivered is there', async () => {
  const { delivered, failed } = await disturbedRun({
    seed: givenSeed ?? 3,
    messages: 600,
    disturbances: 9,
    burst: 80,
    lengths: { short: 500, long: 1_500 },
    reportTimeout: 1_000,
  })
  expect(delivered).toBeGreaterThanOrEqual(100)
  expect(failed).toBeGreaterThanOrEqual(100)
})
