import { describe, expect, test } from 'vitest'
import { Composer, type ComposerOptions, type ComposingStatus } from '../../src/composing/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { FakeClock } from '../transport/fake-clock.ts'

interface Stage {
  clock: FakeClock
  composer: Composer
  /** Seconds from the beginning, and what was said then. */
  said: string[]
  type(seconds: number): Promise<void>
}

function stage(
  options: ComposerOptions = {},
  answer: (status: ComposingStatus) => Promise<void> = async () => {},
): Stage {
  const clock = new FakeClock()
  const begin = clock.now()
  const said: string[] = []
  const composer = new Composer(
    (status) => {
      const { state, refresh } = status
      said.push(`${(clock.now() - begin) / 1000} ${state}${refresh === undefined ? '' : ` for ${refresh}`}`)
      return answer(status)
    },
    { clock, now: () => new Date(clock.now() - begin), ...options },
  )
  /** A key every second. */
  const type = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      composer.composing()
      await clock.advance(1000)
    }
  }
  return { clock, composer, said, type }
}

describe('the composer (RFC 3994, figure 1)', () => {
  test('says active once, and nothing when the message is sent', async () => {
    const { clock, composer, said, type } = stage()
    await type(10)
    composer.sent()
    await clock.advance(1_000_000)
    expect([said, composer.state, clock.pending]).toEqual([['0 active for 125'], 'idle', 0])
  })

  test('says idle 15 s after the last key, and active with the next one (RFC3994-3.2-3)', async () => {
    const { clock, composer, said, type } = stage()
    await type(5)
    await clock.advance(13_999)
    expect(composer.state).toBe('active')
    await clock.advance(1)
    expect(said).toEqual(['0 active for 125', '19 idle'])
    await clock.advance(60_000)
    await type(1)
    expect(said.at(-1)).toBe('79 active for 125')
  })

  test('says idle after whatever time the user wants (RFC3994-3.2-3)', async () => {
    const { clock, said, type } = stage({ idleTimeout: 5_000 })
    await type(1)
    await clock.advance(10_000)
    expect(said).toEqual(['0 active for 125', '5 idle'])
  })

  test('says active again after 60 s at the earliest, before the time that it announced is over (RFC3994-3.2-1)', async () => {
    const { said, type } = stage({ refresh: 60 })
    await type(130)
    expect(said).toEqual(['0 active for 65', '60 active for 65', '120 active for 65'])
  })

  test('takes no time below 60 s (RFC3994-3.2-1)', () => {
    for (const refresh of [59, 0, -1, 60.5, Number.NaN]) {
      expect(() => stage({ refresh })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
    expect(stage({ refresh: 60 }).composer.state).toBe('idle')
  })

  test('need not say it again at all (RFC3994-3.2-2)', async () => {
    const { said, type } = stage({ refresh: false })
    await type(500)
    expect(said).toEqual(['0 active'])
  })

  test('says idle at once when the user gives up, and only then', async () => {
    const { clock, composer, said, type } = stage()
    composer.abandoned()
    await type(1)
    composer.abandoned()
    composer.abandoned()
    expect([said, clock.pending]).toEqual([['0 active for 125', '1 idle'], 0])
  })

  test('says when the last key was, and what is being written', async () => {
    const statuses: ComposingStatus[] = []
    const { clock, composer } = stage({}, async (status) => void statuses.push(status))
    composer.composing('text/plain')
    await clock.advance(4_000)
    composer.composing()
    await clock.advance(20_000)
    expect(statuses).toEqual([
      { state: 'active', contentType: 'text/plain', refresh: 125 },
      { state: 'idle', contentType: 'text/plain', lastActive: new Date(4_000) },
    ])
  })

  test.each([
    ['415', new MsrpError('refused', 'no', { status: 415 }), 1],
    ['a type that the description does not list', new MsrpError('type-not-accepted', 'no'), 1],
    ['another refusal', new MsrpError('refused', 'no', { status: 413 }), 3],
    ['no answer', new MsrpError('timeout', 'no', { status: 408 }), 3],
  ])('after %s it goes on accordingly (RFC3994-4-1)', async (_, error, times) => {
    const { clock, composer, said, type } = stage({}, () => Promise.reject(error))
    await type(1)
    await clock.advance(20_000)
    await type(1)
    expect([said.length, composer.state]).toEqual([times, times === 1 ? 'stopped' : 'active'])
    composer.close()
    expect(clock.pending).toBe(0)
  })

  test('says nothing once it is closed', async () => {
    const { clock, composer, said, type } = stage()
    await type(1)
    composer.close()
    await type(1)
    composer.abandoned()
    expect([said.length, composer.state, clock.pending]).toEqual([1, 'stopped', 0])
  })
})
