import { describe, expect, it } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { memoryPair } from './memory-transport.ts'
import { Recorder } from './recorder.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

describe('a pair in memory', () => {
  it('does nothing by itself when moved by hand', async () => {
    const { left, right, step, run } = memoryPair({ manual: true, split: 4 })
    const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
    left.write(bytes('hello world'))
    await new Promise(setImmediate)
    expect(left.bufferedBytes).toBe(11)
    expect(step()).toBe(true)
    expect([left.bufferedBytes, atLeft.events, atRight.events]).toEqual([0, ['drain'], []])
    expect(step()).toBe(true)
    expect(atRight.text).toBe('hell')
    expect(run()).toBe(2)
    expect(atRight.pieces.map(({ length }) => length)).toEqual([4, 4, 3])
    expect(step()).toBe(false)
  })

  it('takes no more than its capacity before the far side reads', () => {
    const { left, right, run } = memoryPair({ manual: true, capacity: 10 })
    const atLeft = Recorder.on(left)
    left.write(bytes('0123456789abcdef'))
    run()
    expect([left.bufferedBytes, atLeft.drains]).toEqual([6, 0])
    const atRight = Recorder.on(right)
    run()
    expect([left.bufferedBytes, atLeft.drains, atRight.text]).toEqual([0, 1, '0123456789abcdef'])
  })

  it('cuts pieces as a function says', () => {
    const sizes = [1, 5, 2, 99]
    const { left, right, run } = memoryPair({ manual: true, split: () => sizes.shift() ?? 1 })
    const atRight = Recorder.on(right)
    left.write(bytes('0123456789'))
    run()
    expect(atRight.pieces.map(({ length }) => length)).toEqual([1, 5, 2, 2])
  })

  it('overwrites what it lent, so that keeping it shows', () => {
    const { left, right, run } = memoryPair({ manual: true })
    const kept: Uint8Array[] = []
    const atRight = Recorder.on(right)
    atRight.onPiece = (piece) => kept.push(piece)
    left.write(bytes('lent'))
    run()
    expect([atRight.text, Buffer.from(kept[0]!).toString('hex')]).toEqual(['lent', 'dddddddd'])
  })

  it('loses the connection on both ends at once, with everything under way', () => {
    const { left, right, drop, run } = memoryPair({ manual: true })
    const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
    right.pause()
    left.write(bytes('lost'))
    drop('a test')
    run()
    expect([atLeft.events, atRight.events]).toEqual([['close'], ['close']])
    expect([atLeft.error?.code, atRight.error?.code]).toEqual(['connection-lost', 'connection-lost'])
    expect(atLeft.error?.message).toBe('memory left: a test')
    expect([left.closed, right.closed, left.bufferedBytes]).toEqual([true, true, 0])
  })

  it('becomes a dead binding: bytes are taken and vanish, and nobody is told', () => {
    const { left, right, blackhole, run } = memoryPair({ manual: true })
    const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
    blackhole()
    left.write(bytes('into the void'))
    run()
    left.close()
    run()
    expect([atLeft.events, atRight.events]).toEqual([['drain', 'close'], []])
    expect(right.closed).toBe(false)
  })
})

describe('the fake clock', () => {
  it('runs what falls due in order, also what that arms, and lets promises settle in between', async () => {
    const clock = new FakeClock()
    const begun = clock.now()
    const seen: string[] = []
    const note = (name: string): void => {
      seen.push(`${name} ${clock.now() - begun}`)
      void Promise.resolve()
        .then(() => {})
        .then(() => seen.push(`after ${name}`))
    }
    clock.after(20, () => note('second'))
    clock.after(10, () => {
      note('first')
      clock.after(5, () => note('armed later'))
    })
    clock.after(20, () => note('third'))
    clock.after(31, () => note('never'))
    const cancel = clock.after(12, () => note('taken back'))
    cancel()
    cancel()
    expect([clock.pending, clock.next]).toEqual([4, 10])
    await clock.advance(30)
    expect(seen).toEqual([
      'first 10',
      'after first',
      'armed later 15',
      'after armed later',
      'second 20',
      'after second',
      'third 20',
      'after third',
    ])
    expect([clock.now() - begun, clock.pending, clock.next]).toEqual([30, 1, 1])
  })
})
