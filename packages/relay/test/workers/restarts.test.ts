import { expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { Restarts } from '../../src/workers/restarts.ts'

it('a worker is started again later the more often it ends', async () => {
  const clock = new FakeClock()
  const restarts = new Restarts(clock)
  const waits: (number | undefined)[] = []
  for (let end = 0; end < 8; end++) waits.push(restarts.next(0))
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
  expect(restarts.next(1)).toBe(100)
  await clock.advance(60_000)
  expect(restarts.next(0)).toBe(100)
})

it('eleven ends within a minute are too many, whichever workers they are', async () => {
  const clock = new FakeClock()
  const restarts = new Restarts(clock)
  for (let end = 0; end < 10; end++) expect(restarts.next(end % 3)).toBeDefined()
  expect(restarts.next(3)).toBeUndefined()
  await clock.advance(60_000)
  expect(restarts.next(3)).toBe(100)
})
