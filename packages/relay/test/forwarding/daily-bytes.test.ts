import { describe, expect, it } from 'vitest'
import { DailyBytes } from '../../src/forwarding/limits/daily-bytes.ts'

/** Seconds since 1970 of the middle of 28 February 2026, in UTC. */
const NOON = Date.UTC(2026, 1, 28, 12) / 1000

describe('the bytes of a day', () => {
  it('are counted for each account, and anew from midnight in UTC', () => {
    let now = NOON
    const days = new DailyBytes(() => now)
    days.add('alice@example.com', 100)
    days.add('alice@example.com', 50)
    days.add('bob@example.com', 1)
    expect([days.day, days.used('alice@example.com'), days.used('bob@example.com')]).toEqual(['2026-02-28', 150, 1])
    now = NOON + 12 * 3600 - 1
    expect(days.used('alice@example.com')).toBe(150)
    now += 1
    expect([days.day, days.used('alice@example.com'), [...days.entries()]]).toEqual(['2026-03-01', 0, []])
  })

  it('go on after a restart on the same day only', () => {
    const days = new DailyBytes(() => NOON)
    days.load('2026-02-27', [['alice@example.com', 7]])
    expect(days.used('alice@example.com')).toBe(0)
    days.load('2026-02-28', [['alice@example.com', 7]])
    expect(days.used('alice@example.com')).toBe(7)
  })

  it('are counted of so many at most: those who have used least are forgotten', () => {
    const days = new DailyBytes(() => NOON, 100)
    for (let number = 1; number <= 1000; number++) days.add(`user${number}`, number)
    expect([...days.entries()].length).toBeLessThanOrEqual(100)
    expect([days.used('user1000'), days.used('user1')]).toEqual([1000, 0])
  })
})
