import { expect, test } from 'vitest'
import { disturbedRun, givenSeed } from './support/disturbed/run.ts'

test('ten thousand messages among kills, stalls and cut connections: what is told to be delivered is there', async () => {
  const { delivered, failed, reported, disturbances } = await disturbedRun({
    seed: givenSeed ?? 4976,
    messages: 12_000,
    disturbances: 170,
    burst: 200,
    lengths: { short: 1_500, long: 4_500 },
    reportTimeout: 3_000,
  })
  // The rest are connections that are cut, lost, or carry little at a time.
  const killsAndStalls = Object.entries(disturbances).filter(([name]) => /^(kill|stop|stall) /.test(name))
  expect(killsAndStalls.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(100)
  // Of what a relay had answered for.
  expect(reported[481]).toBeGreaterThanOrEqual(100)
  expect(delivered).toBeGreaterThanOrEqual(0.2 * (delivered + failed))
  expect(failed).toBeGreaterThanOrEqual(0.2 * (delivered + failed))
})
