import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { nodeClock } from '../../src/node/index.ts'

/** Lets some milliseconds pass without giving the event loop a turn. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

test('the time is the same within a turn of the event loop, and right in the next', async () => {
  const before = nodeClock.now()
  work(20)
  expect(nodeClock.now()).toBe(before)
  await turn()
  expect(nodeClock.now()).toBeGreaterThanOrEqual(before + 20)
  expect(nodeClock.now()).toBeLessThanOrEqual(performance.now())
})

test('the time is right after the event loop has waited', async () => {
  const asked = nodeClock.now()
  const timer = new EventTarget()
  nodeClock.after(30, () => timer.dispatchEvent(new Event('over')))
  // Timers of the clock keep no process alive.
  const kept = setInterval(() => {}, 1000)
  await once(timer, 'over')
  clearInterval(kept)
  expect(nodeClock.now()).toBeGreaterThanOrEqual(asked + 29)
})
