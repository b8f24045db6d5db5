import { queryObjects } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { RecentIds } from '../../src/session/recent-ids.ts'
import { RecentMessages } from '../../src/session/recent-messages.ts'

/** Bytes in use, without garbage. */
function heap(): number {
  queryObjects(RecentIds, { format: 'count' })
  return process.memoryUsage().heapUsed
}

test('The latest ids are remembered: what is set again is the latest, what is deleted makes room', () => {
  const ids = new RecentIds<number>(3)
  for (const [id, value] of ['a', 'b', 'c', 'a', 'd'].entries()) ids.set(value, id)
  expect(['a', 'b', 'c', 'd'].map((id) => ids.get(id))).toEqual([3, undefined, 2, 4])
  ids.delete('a')
  ids.set('e', 5)
  expect(['c', 'd', 'e'].map((id) => ids.get(id))).toEqual([2, 4, 5])
  ids.set('f', 6)
  expect([ids.get('c'), ids.size]).toEqual([undefined, 3])
})

describe('Nothing is left of what comes and goes,', () => {
  const TIMES = 100_000

  test.each<[string, (ids: RecentIds<number>, count: number) => void]>([
    [
      'is deleted again',
      (ids, count) => {
        ids.set(`id ${count}`, count)
        ids.delete(`id ${count}`)
      },
    ],
    ['is set again', (ids, count) => ids.set(`id ${count % 2}`, count)],
  ])('where each %s', (_, action) => {
    const ids = new RecentIds<number>(100)
    // The oldest have been forgotten once.
    for (let count = 0; count < 200; count++) ids.set(`early ${count}`, count)
    for (let count = 100; count < 200; count++) ids.delete(`early ${count}`)
    const before = heap()
    for (let count = 0; count < TIMES; count++) action(ids, count)
    expect(heap() - before).toBeLessThan(10 * TIMES)
    expect(ids.size).toBeLessThanOrEqual(2)
  })

  test('in conversations that take turns', () => {
    const messages = new RecentMessages<number>(100, 1_000)
    const turn = (count: number): void =>
      messages.change(`conversation ${count % 5}`, (ids) => ids.set(`id ${count}`, count))
    for (let count = 0; count < 2_000; count++) turn(count)
    const before = heap()
    for (let count = 0; count < TIMES; count++) turn(count)
    expect(heap() - before).toBeLessThan(10 * TIMES)
  })
})
