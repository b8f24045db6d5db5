import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TRANSACTION_TIMEOUT, Transactions } from '../../src/connection/index.ts'
import { FakeClock } from '../transport/fake-clock.ts'

const SECOND = 1000

function setUp() {
  const clock = new FakeClock()
  const start = clock.now()
  const timeouts: string[] = []
  const at: number[] = []
  const transactions = new Transactions<string>({
    clock,
    onTimeout: (record, transactionId) => {
      timeouts.push(`${record} ${transactionId}`)
      at.push(clock.now() - start)
    },
  })
  return { clock, transactions, timeouts, at }
}

describe('the 30 seconds of a request', () => {
  it('run from the moment its last byte was taken by the operating system (RFC4975-7.1.1-7, RFC4976-6.4.1-3)', async () => {
    const { clock, transactions, timeouts } = setUp()
    transactions.add('id1', 'request', 100)
    await clock.advance(100 * SECOND)
    transactions.blocked(99)
    transactions.sent(100)
    await clock.advance(TRANSACTION_TIMEOUT - 1)
    expect(timeouts).toEqual([])
    await clock.advance(1)
    expect(timeouts).toEqual(['request id1'])
    expect(transactions.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('do not run out for one that was answered, whatever comes first', async () => {
    const { clock, transactions, timeouts } = setUp()
    transactions.add('id1', 'early', 100)
    expect(transactions.complete('id1')).toBe('early')
    transactions.add('id2', 'in time', 200)
    transactions.sent(200)
    await clock.advance(29 * SECOND)
    expect(transactions.complete('id2')).toBe('in time')
    expect(clock.pending).toBe(0)
    await clock.advance(100 * SECOND)
    expect(timeouts).toEqual([])
    expect(transactions.complete('id2')).toBeUndefined()
    expect(transactions.complete('never sent')).toBeUndefined()
  })

  it('begin again when it was this process that stood still, so that what has come meanwhile can be read', () => {
    let now = 0
    const timers: { at: number; action: () => void }[] = []
    const timeouts: string[] = []
    const transactions = new Transactions<string>({
      clock: {
        now: () => now,
        after: (milliseconds, action) => {
          timers.push({ at: now + milliseconds, action })
          return () => {}
        },
      },
      onTimeout: (record) => timeouts.push(record),
    })
    transactions.add('id1', 'answered', 100)
    transactions.add('id2', 'lost', 200)
    transactions.sent(200)
    // Stopped for a minute: timers are late, and what has arrived is read after them.
    now = 60 * SECOND
    timers.shift()?.action()
    expect(timeouts).toEqual([])
    expect(transactions.complete('id1')).toBe('answered')
    for (let timer = timers.shift(); timer !== undefined; timer = timers.shift()) {
      now = timer.at
      timer.action()
    }
    expect(timeouts).toEqual(['lost'])
    expect(now).toBe(90 * SECOND)
  })

  it('run out for several at once, and later for those that were sent later, with one timer', async () => {
    const { clock, transactions, timeouts, at } = setUp()
    for (const [id, position] of [
      ['id1', 100],
      ['id2', 200],
    ] as const)
      transactions.add(id, 'first', position)
    transactions.sent(200)
    await clock.advance(10 * SECOND)
    transactions.add('id3', 'second', 300)
    transactions.sent(300)
    expect(clock.pending).toBe(1)
    await clock.advance(100 * SECOND)
    expect(timeouts).toEqual(['first id1', 'first id2', 'second id3'])
    expect(at).toEqual([30 * SECOND, 30 * SECOND, 40 * SECOND])
    expect(clock.pending).toBe(0)
  })

  it('are those of each part of what waits in the transport, as it is taken', async () => {
    const { clock, transactions, at } = setUp()
    transactions.add('id1', 'one', 100)
    transactions.add('id2', 'two', 200)
    transactions.blocked(0)
    await clock.advance(500)
    transactions.blocked(100)
    await clock.advance(500)
    transactions.sent(200)
    await clock.advance(100 * SECOND)
    expect(at).toEqual([30_500, 31_000])
  })
})

describe('a request that is still with us', () => {
  it('does not run out, however long those before it have', async () => {
    const { clock, transactions, timeouts } = setUp()
    transactions.add('id1', 'taken', 10)
    transactions.add('id2', 'not taken', 1000)
    for (let position = 10; position < 100; position++) {
      transactions.blocked(position)
      await clock.advance(SECOND / 2)
    }
    expect(timeouts).toEqual(['taken id1'])
    transactions.sent(1000)
    await clock.advance(30 * SECOND)
    expect(timeouts).toEqual(['taken id1', 'not taken id2'])
  })
})

describe('the time that counts', () => {
  it('stands still while the connection is not read (RFC4975-7.1.1-7)', async () => {
    const { clock, transactions, at } = setUp()
    transactions.add('id1', 'request', 100)
    transactions.sent(100)
    await clock.advance(20 * SECOND)
    transactions.reading = false
    await clock.advance(600 * SECOND)
    expect(at).toEqual([])
    expect(clock.pending).toBe(0)
    transactions.reading = true
    await clock.advance(10 * SECOND - 1)
    expect(at).toEqual([])
    await clock.advance(1)
    expect(at).toEqual([630 * SECOND])
  })

  it('stands still while the far side takes none of our bytes, but for the first second (RFC4975-7.1.1-7)', async () => {
    const { clock, transactions, at } = setUp()
    transactions.add('id1', 'request', 100)
    transactions.sent(100)
    await clock.advance(20 * SECOND)
    transactions.blocked(100)
    await clock.advance(600 * SECOND)
    expect(at).toEqual([])
    expect(clock.pending).toBe(0)
    transactions.sent(200)
    await clock.advance(9 * SECOND - 1)
    expect(at).toEqual([])
    await clock.advance(1)
    expect(at).toEqual([629 * SECOND])
  })

  it('is not set going by bytes that are only put behind those that wait', async () => {
    const { clock, transactions, at } = setUp()
    transactions.add('id1', 'request', 100)
    transactions.sent(100)
    for (let second = 0; second < 120; second++) {
      transactions.blocked(100)
      await clock.advance(SECOND / 2)
    }
    expect(at).toEqual([])
    transactions.sent(100)
    await clock.advance(29 * SECOND)
    expect(at).toEqual([89 * SECOND])
  })

  it('goes on while some of them are taken, though never all', async () => {
    const { clock, transactions, at } = setUp()
    transactions.add('id1', 'request', 100)
    for (let position = 100; position < 200; position++) {
      transactions.blocked(position)
      await clock.advance(SECOND / 2)
    }
    expect(at).toEqual([30 * SECOND])
  })

  it('begins anew for all behind the oldest request when that is answered, and for none when a later one is', async () => {
    const { clock, transactions, timeouts, at } = setUp()
    for (const id of ['id1', 'id2', 'id3', 'id4']) transactions.add(id, 'request', 100)
    transactions.sent(100)
    await clock.advance(20 * SECOND)
    expect(transactions.complete('id1')).toBe('request')
    await clock.advance(20 * SECOND)
    expect(transactions.complete('id3')).toBe('request')
    await clock.advance(20 * SECOND)
    expect(timeouts).toEqual(['request id2', 'request id4'])
    expect(at).toEqual([50 * SECOND, 50 * SECOND])
  })

  const Step = fc.oneof(
    fc.record({ kind: fc.constant('advance' as const), tenths: fc.integer({ min: 1, max: 150 }) }),
    fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'sent' as const, 'answer' as const) }),
    fc.record({ kind: fc.constant('add' as const), bytes: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ kind: fc.constant('blocked' as const), bytes: fc.integer({ min: 0, max: 50 }) }),
  )

  it('is what a clock that ticks ten times a second would say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { maxLength: 60 }), async (steps) => {
        const { clock, transactions, timeouts } = setUp()
        const naive = new Ticking()
        let written = 0
        let ids = 0
        for (const step of steps) {
          switch (step.kind) {
            case 'advance':
              for (let tenth = 0; tenth < step.tenths; tenth++) naive.tick()
              await clock.advance(step.tenths * 100)
              break
            case 'pause':
            case 'resume':
              naive.reading = transactions.reading = step.kind === 'resume'
              break
            case 'sent':
              transactions.sent(written)
              naive.taken(written, false)
              break
            case 'blocked': {
              const position = Math.max(naive.position, written - step.bytes)
              transactions.blocked(position)
              naive.taken(position, true)
              break
            }
            case 'add':
              written += step.bytes
              transactions.add(`id${ids}`, 'request', written)
              naive.add(`id${ids++}`, written)
              break
            case 'answer': {
              const [oldest] = naive.waiting
              if (oldest === undefined) break
              naive.answer(oldest.id)
              transactions.complete(oldest.id)
              break
            }
            default:
              step satisfies never
          }
          expect(clock.pending).toBeLessThanOrEqual(1)
          expect(timeouts).toEqual(naive.timeouts.map((id) => `request ${id}`))
        }
        transactions.drain()
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('when the connection is gone', () => {
  it('all that waited are given back, oldest first', async () => {
    const { clock, transactions, timeouts } = setUp()
    transactions.add('id1', 'one', 100)
    transactions.add('id3', 'three', 300)
    transactions.blocked(250)
    expect([...transactions.records()]).toEqual(['one', 'three'])
    expect(transactions.drain()).toEqual(['one', 'three'])
    expect(transactions.drain()).toEqual([])
    expect(clock.pending).toBe(0)
    await clock.advance(100 * SECOND)
    expect(timeouts).toEqual([])
  })
})

/** The same rule by brute force, a tenth of a second at a time. */
class Ticking {
  reading = true
  position = 0
  readonly waiting: { id: string; position: number; sentAt: number | undefined }[] = []
  readonly timeouts: string[] = []
  #hopTime = 0
  #progressAt = 0
  /** Tenths of a second for which nothing has been taken of what waits. */
  #blockedFor: number | undefined

  tick(): void {
    const blocked = this.#blockedFor !== undefined && this.#blockedFor >= 10
    if (this.reading && !blocked) this.#hopTime += 100
    if (this.#blockedFor !== undefined) this.#blockedFor++
    for (;;) {
      const [first] = this.waiting
      if (first?.sentAt === undefined || Math.max(first.sentAt, this.#progressAt) + 30_000 > this.#hopTime) return
      this.waiting.shift()
      this.timeouts.push(first.id)
    }
  }

  add(id: string, position: number): void {
    this.waiting.push({ id, position, sentAt: undefined })
  }

  taken(position: number, more: boolean): void {
    if (!more) this.#blockedFor = undefined
    else if (position > this.position || this.#blockedFor === undefined) this.#blockedFor = 0
    this.position = position
    for (const entry of this.waiting) if (entry.position <= position) entry.sentAt ??= this.#hopTime
  }

  answer(id: string): void {
    const index = this.waiting.findIndex((entry) => entry.id === id)
    if (index === 0) this.#progressAt = this.#hopTime
    this.waiting.splice(index, 1)
  }
}
