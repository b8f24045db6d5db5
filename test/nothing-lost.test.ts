import { expect, test } from 'vitest'
import { killReceiver } from './support/disturbed/killed-receiver.ts'
import { disturbedRun, givenSeed } from './support/disturbed/run.ts'

test('messages among kills, stalls and cut connections: what is told to be delivered is there', async () => {
  const { delivered, failed, reported } = await disturbedRun({
    seed: givenSeed ?? 3,
    messages: 600,
    disturbances: 9,
    burst: 80,
    lengths: { short: 500, long: 1_500 },
    reportTimeout: 1_000,
  })
  expect(delivered).toBeGreaterThanOrEqual(100)
  expect(failed).toBeGreaterThanOrEqual(100)
  // Of what a relay had answered for; the rest failed before that, or at the sender.
  expect(reported[481]).toBeGreaterThan(0)
})

test.each([
  ['the same relay', false],
  ['another relay', true],
])('when a receiver alone is killed, a sender at %s is told by REPORT, at once', async (_, chain) => {
  const { answered, reports, outcomes, waited } = await killReceiver(200, { chain })
  expect(answered).toBe(200)
  // The first one ends the session, and with it all that is under way.
  expect(new Set(reports)).toEqual(new Set([481]))
  expect(outcomes).toEqual(new Array(200).fill('refused 481'))
  // Far from the times of the sender, 30 s for a request and as long for REPORTs.
  expect(waited).toBeLessThan(10_000)
})
