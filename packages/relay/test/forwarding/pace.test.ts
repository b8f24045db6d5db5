import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { Pace, type Paced } from '../../src/forwarding/limits/pace.ts'

const RATE = 100_000

function setUp(): { clock: FakeClock; pace: Pace; wait: (bulk: boolean) => { at: number | undefined } } {
  const clock = new FakeClock(0)
  const pace = new Pace(RATE, clock)
  const wait = (bulk: boolean): { at: number | undefined } => {
    const over: { at: number | undefined } = { at: undefined }
    const paced: Paced = {
      paceOver: () => {
        over.at = clock.now()
      },
    }
    pace.wait(paced, bulk)
    return over
  }
  return { clock, pace, wait }
}

describe('a pace', () => {
  it('has files wait when nothing is left, short messages when as much again is owed', () => {
    const { pace } = setUp()
    const exceeded = (): boolean[] => [pace.exceeded(true), pace.exceeded(false)]
    pace.take(RATE)
    expect(exceeded()).toEqual([false, false])
    pace.take(1)
    expect(exceeded()).toEqual([true, false])
    pace.take(RATE)
    expect(exceeded()).toEqual([true, true])
    pace.take(-RATE)
    expect(exceeded()).toEqual([true, false])
  })

  it('lets go on who waits for least first, whoever came first', async () => {
    const { clock, pace, wait } = setUp()
    pace.take(4 * RATE)
    const [file, text] = [wait(true), wait(false)]
    await clock.advance(10_000)
    expect([file.at, text.at, clock.pending]).toEqual([3000, 2000, 0])
  })

  it('does not make pauses that are too short to be worth it', async () => {
    const { clock, pace, wait } = setUp()
    pace.take(RATE + 1)
    const file = wait(true)
    await clock.advance(1000)
    expect(file.at).toBe(10)
  })

  it('waits for the later of two reasons, once', async () => {
    const { clock, pace } = setUp()
    const over: number[] = []
    const paced: Paced = { paceOver: () => void over.push(clock.now()) }
    pace.take(4 * RATE)
    expect([pace.wait(paced, false), pace.wait(paced, true), pace.wait(paced, false)]).toEqual([true, false, false])
    await clock.advance(10_000)
    expect(over).toEqual([3000])
  })

  it('lets many go on a few at a time, in the order in which they came, so that they never take much too much', async () => {
    const { clock, pace } = setUp()
    const taken: number[] = []
    let most = 0
    const each = (name: number): Paced => {
      const paced: Paced = {
        paceOver: () => {
          taken.push(name)
          pace.take(50_000)
          most = Math.max(most, pace.recovery)
          if (taken.length < 1000) pace.wait(paced, true)
        },
      }
      return paced
    }
    pace.take(RATE)
    for (let name = 0; name < 100; name++) pace.wait(each(name), true)
    await clock.advance(100_000)
    // Half a second each, and nobody twice before the last one.
    expect(taken.length).toBeGreaterThan(190)
    expect(taken.length).toBeLessThan(205)
    expect(new Set(taken.slice(0, 100)).size).toBe(100)
    expect(most).toBeLessThan(2000)
  })

  it('that ends lets all go on', () => {
    const { clock, pace, wait } = setUp()
    pace.take(10 * RATE)
    const waiting = [wait(true), wait(false)]
    pace.end()
    expect([waiting.map(({ at }) => at), clock.pending]).toEqual([[0, 0], 0])
  })
})
