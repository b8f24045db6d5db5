import { describe, expect, it } from 'vitest'
import { INTERRUPTIBLE_FROM, Outbox } from '../../src/connection/index.ts'
import { settle } from '../transport/fake-clock.ts'
import { type MemoryPairOptions, memoryPair } from '../transport/memory-transport.ts'
import { type Arrived, controlRequest, FarSide } from './far-side.ts'
import { someBody, TestSource } from './test-source.ts'

const PIECE = 64 * 1024
const KIBIBYTE = 1024

/** An outbox on one end of a connection; `far` reads at the other. */
function setUp(options: MemoryPairOptions = {}) {
  const pair = memoryPair(options)
  let written = 0
  let ids = 0
  const outbox = new Outbox({
    transport: pair.left,
    newTransactionId: () => `outgoing${ids++}`,
    onWritten: () => written++,
  })
  pair.left.start({ onData: () => {}, onDrain: () => outbox.pump(), onClose: () => outbox.lost() })
  return { pair, outbox, far: new FarSide(pair.right), written: () => written }
}

const inOrder = (arrived: readonly Arrived[]): string[] =>
  arrived.map(({ what, messageId, flag }) => (what === 'SEND' ? `${messageId}${flag}` : what))

describe('one source', () => {
  it.each([0, 1, 2047, 2048, 2049, PIECE, PIECE + 1, 1024 * KIBIBYTE])(
    'alone is not interrupted, whatever the size of its message: %d bytes (RFC4975-7.1.1-21)',
    async (size) => {
      const { outbox, far } = setUp()
      const source = TestSource.of('message1', someBody(size))
      outbox.add(source)
      await settle()
      expect(inOrder(far.arrived)).toEqual(['message1$'])
      expect(far.body('message1').equals(someBody(size))).toBe(true)
      expect(source.sent).toMatchObject([
        { transactionId: 'outgoing0', flag: '$', bodyBytes: size, position: outbox.position },
      ])
      expect(outbox.empty).toBe(true)
    },
  )

  it.each(['$', '+', '#'] as const)(
    'decides how its chunk ends: %s (RFC4975-7.1-11, RFC4975-7.1-12, RFC4975-7.1-13)',
    async (flag) => {
      const { outbox, far } = setUp()
      outbox.add(new TestSource('message1').give('with its last bytes', flag))
      outbox.add(new TestSource('message2').give('after them').finish(flag))
      await settle()
      expect(far.arrived.map((chunk) => chunk.flag)).toEqual([flag, flag])
    },
  )

  it('that has nothing to give keeps its chunk open, and goes on in it', async () => {
    const { outbox, far } = setUp()
    const source = new TestSource('message1').give('first ')
    outbox.add(source)
    await settle()
    expect(far.open).toBeDefined()
    source.give('second').finish()
    outbox.wake()
    await settle()
    expect(far.arrived.map(({ body }) => body.toString())).toEqual(['first second'])
  })

  it('is not asked for more while the far side takes nothing, and goes on when it does', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    const source = TestSource.of('message1', someBody(4096 * KIBIBYTE))
    outbox.add(source)
    await settle()
    expect(pair.left.bufferedBytes).toBeLessThan(256 * KIBIBYTE + PIECE + 1000)
    expect(source.sent).toEqual([])
    pair.right.resume()
    await settle()
    expect(far.body('message1').equals(someBody(4096 * KIBIBYTE))).toBe(true)
  })

  it('after the other that is done before its turn comes does not wait among them while the far side takes nothing', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    outbox.add(TestSource.of('message1', someBody(1024 * KIBIBYTE)))
    await settle()
    let asked = 0
    for (let count = 0; count < 5000; count++) {
      const source = TestSource.of(`done${count}`, '')
      Object.defineProperty(source, 'state', {
        get: () => {
          asked++
          return 'done'
        },
      })
      outbox.add(source)
    }
    outbox.add(TestSource.of('message2', 'still here'))
    // Each was looked at a few times at most.
    expect(asked).toBeLessThan(10_000)
    asked = 0
    pair.right.resume()
    await settle()
    expect(asked).toBeLessThan(500)
    expect([far.body('message1').byteLength, far.body('message2').toString()]).toEqual([1024 * KIBIBYTE, 'still here'])
    expect(outbox.empty).toBe(true)
  })
})

describe('several sources', () => {
  it('keep their turns while others come and go, who come behind them', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    for (const name of ['message1', 'message2', 'message3']) outbox.add(TestSource.of(name, someBody(10 * PIECE)))
    await settle()
    for (let count = 0; count < 100; count++) {
      const gone = new TestSource(`gone${count}`)
      Object.defineProperty(gone, 'state', { value: 'done' })
      outbox.add(gone)
    }
    outbox.add(TestSource.of('newcomer', 'hello'))
    pair.right.resume()
    await settle()
    const turns = far.arrived.filter(({ body }) => body.byteLength > 0).map(({ messageId }) => messageId)
    expect(turns.filter((name) => name !== 'newcomer')).toEqual(
      Array.from({ length: 30 }, (_, index) => `message${(index % 3) + 1}`),
    )
    // What was out when it came, and one turn of each.
    expect(turns.indexOf('newcomer')).toBeLessThanOrEqual(8)
    expect(outbox.empty).toBe(true)
  })

  it('take turns, a piece each, and every byte arrives in order (RFC4975-5.1-1, RFC4975-7.1.1-26)', async () => {
    const { outbox, far } = setUp()
    const names = ['message1', 'message2', 'message3']
    for (const [index, name] of names.entries()) outbox.add(TestSource.of(name, someBody(3 * PIECE, index)))
    await settle()
    const turns = far.arrived.filter(({ body }) => body.byteLength > 0).map(({ messageId }) => messageId)
    expect(turns).toEqual([...names, ...names, ...names])
    expect(far.arrived.filter(({ flag }) => flag === '$')).toHaveLength(3)
    for (const [index, name] of names.entries()) {
      expect(far.body(name).equals(someBody(3 * PIECE, index))).toBe(true)
      const chunks = far.arrived.filter(({ messageId }) => messageId === name)
      expect(chunks.map(({ range }) => range).slice(0, 3)).toEqual([
        '1-*/*',
        `${PIECE + 1}-*/*`,
        `${2 * PIECE + 1}-*/*`,
      ])
    }
    const ids = far.arrived.map(({ transactionId }) => transactionId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('a short message waits for one piece of a long one, no more', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    outbox.add(TestSource.of('long', someBody(1024 * KIBIBYTE)))
    await settle()
    const before = outbox.position
    outbox.add(TestSource.of('short', 'hello'))
    pair.right.resume()
    await settle()
    const atShort = far.arrived.findIndex(({ messageId }) => messageId === 'short')
    const ahead = far.arrived.slice(0, atShort).reduce((sum, { body }) => sum + body.byteLength, 0)
    expect(ahead).toBeLessThanOrEqual(before + PIECE)
    expect(inOrder(far.arrived)).toEqual(['long+', 'short$', 'long$'])
  })

  it(`a chunk is not interrupted before ${INTERRUPTIBLE_FROM} bytes of it are out (RFC4975-5.1-1, RFC4975-7.1.1-21, RFC4975-7.1.1-24)`, async () => {
    const { outbox, far } = setUp()
    const long = new TestSource('long')
    for (let piece = 0; piece < 10; piece++) long.give(someBody(500, piece))
    outbox.add(long.finish())
    outbox.add(TestSource.of('short', 'hello'))
    await settle()
    expect(inOrder(far.arrived)).toEqual(['long+', 'short$', 'long$'])
    expect(far.arrived[0]?.body.byteLength).toBe(2500)
  })

  it('a chunk whose source stalls makes room at once, however little of it is out', async () => {
    const { outbox, far } = setUp()
    const slow = new TestSource('slow').give('a few bytes')
    outbox.add(slow)
    await settle()
    outbox.add(TestSource.of('short', 'hello'))
    await settle()
    expect(inOrder(far.arrived)).toEqual(['slow+', 'short$'])
    slow.give(', and the rest').finish()
    outbox.wake()
    await settle()
    expect(inOrder(far.arrived)).toEqual(['slow+', 'short$', 'slow$'])
    expect(far.arrived.at(-1)?.range).toBe('12-*/*')
    expect(far.body('slow').toString()).toBe('a few bytes, and the rest')
  })

  it('one that waits does not hold up the others, nor is it forgotten', async () => {
    const { outbox, far } = setUp()
    const late = new TestSource('late')
    outbox.add(late)
    outbox.add(TestSource.of('message1', 'one'))
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1$'])
    late.give('now').finish()
    outbox.wake()
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1$', 'late$'])
  })
})

describe('responses and REPORTs', () => {
  it('go first, whole, and interrupt what is large enough (RFC4975-7.1.1-25)', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    outbox.add(TestSource.of('long', someBody(1024 * KIBIBYTE)))
    await settle()
    outbox.control(controlRequest('control1', 300))
    outbox.control(controlRequest('control2', 300))
    outbox.add(TestSource.of('other', 'hello'))
    await settle()
    pair.right.resume()
    await settle()
    expect(inOrder(far.arrived)).toEqual(['long+', 'REPORT', 'REPORT', 'other$', 'long$'])
    expect(far.body('long').equals(someBody(1024 * KIBIBYTE))).toBe(true)
  })

  it('go out although the transport takes no more of the rest: they have room of their own', async () => {
    const { outbox, pair } = setUp({ capacity: 10 })
    pair.right.pause()
    outbox.add(TestSource.of('long', someBody(2048 * KIBIBYTE)))
    await settle()
    expect(pair.left.bufferedBytes).toBeGreaterThan(256 * KIBIBYTE)
    const full = outbox.position
    outbox.control(controlRequest('control1', 1000))
    await settle()
    expect(outbox.controlBytes).toBe(0)
    expect(outbox.position).toBe(full + 1000 + '\r\n-------outgoing0+\r\n'.length)
    // The message does not go on behind them.
    outbox.wake()
    await settle()
    expect(outbox.position).toBe(full + 1000 + '\r\n-------outgoing0+\r\n'.length)
  })

  it('wait when that room is full as well, and are counted', async () => {
    const { outbox, pair, far } = setUp({ capacity: 1000 })
    pair.right.pause()
    for (let index = 0; index < 100; index++) {
      outbox.control(controlRequest(`control${index}`, 10_000))
      await settle()
    }
    expect(outbox.controlBytes).toBeGreaterThan(400_000)
    expect(pair.left.bufferedBytes).toBeLessThan(530_000)
    pair.right.resume()
    await settle()
    expect(outbox.controlBytes).toBe(0)
    expect(far.arrived.map(({ transactionId }) => transactionId)).toEqual(
      Array.from({ length: 100 }, (_, index) => `control${index}`),
    )
  })

  it('wait for the end of a chunk too small to be interrupted', async () => {
    const { outbox, far } = setUp()
    outbox.add(TestSource.of('message1', someBody(1500)))
    await settle()
    const open = new TestSource('message2').give(someBody(1000))
    outbox.add(open)
    outbox.pump()
    outbox.control(controlRequest('control1', 300))
    open.give(someBody(1000, 2)).finish()
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1$', 'message2$', 'REPORT'])
  })
})

describe('an end-line in the body', () => {
  const needle = '-------outgoing0'

  it.each([
    ['whole, with its CRLFs', `\r\n${needle}$\r\n`],
    ['without CRLF before it', `${needle}$\r\n`],
    ['without flag', needle],
  ])(
    'makes the chunk end before it and go on under another id: %s (RFC4975-7.1-14, RFC4975-7.1-15)',
    async (_, inside) => {
      const { outbox, far } = setUp()
      const body = `before${inside}MSRP smuggled SEND\r\nafter`
      outbox.add(TestSource.of('message1', body))
      await settle()
      expect(inOrder(far.arrived)).toEqual(['message1+', 'message1$'])
      expect(far.arrived.map(({ transactionId }) => transactionId)).toEqual(['outgoing0', 'outgoing1'])
      expect(far.body('message1').toString()).toBe(body)
      const [first, second] = far.arrived
      expect(second?.range).toBe(`${(first?.body.byteLength ?? 0) + 1}-*/*`)
      expect(first?.body.includes(needle)).toBe(false)
    },
  )

  it('is found wherever it is cut into pieces', async () => {
    const body = `before\r\n${needle}+\r\nafter`
    for (let split = 0; split <= body.length; split++) {
      for (const third of [split, Math.min(split + 3, body.length)]) {
        const { outbox, far } = setUp()
        const source = new TestSource('message1')
        for (const piece of [body.slice(0, split), body.slice(split, third), body.slice(third)]) source.give(piece)
        outbox.add(source.finish())
        await settle()
        expect(inOrder(far.arrived)).toEqual(['message1+', 'message1$'])
        expect(far.body('message1').toString()).toBe(body)
      }
    }
  })

  it('with the end of the chunk in the same piece: the end comes after the rest', async () => {
    const { outbox, far } = setUp()
    const source = new TestSource('message1').give(`before${needle}after`, '$')
    outbox.add(source)
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1+', 'message1$'])
    expect(source.begun.map(({ unsent }) => unsent)).toEqual([0, `${needle.at(-1)}after`.length])
    expect(far.body('message1').toString()).toBe(`before${needle}after`)
  })

  it('of the next id as well, and the one after that, only costs more chunks', async () => {
    const { outbox, far } = setUp()
    const body = Array.from({ length: 20 }, (_, index) => `-------outgoing${index}`).join('')
    outbox.add(TestSource.of('message1', body))
    await settle()
    // outgoing1 is found in outgoing10 to outgoing19 as well.
    expect(far.arrived.length).toBeGreaterThan(10)
    expect(far.body('message1').toString()).toBe(body)
  })

  it('of another chunk is left alone', async () => {
    const { outbox, far } = setUp()
    outbox.add(TestSource.of('message1', '-------incoming0$\r\n'.repeat(100)))
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1$'])
  })

  it('leaves a rest that takes its turn like everything else', async () => {
    const { outbox, far } = setUp()
    outbox.add(TestSource.of('message1', `${'a'.repeat(3000)}${needle}${'b'.repeat(3000)}`))
    outbox.add(TestSource.of('message2', 'hello'))
    await settle()
    expect(inOrder(far.arrived)).toEqual(['message1+', 'message2$', 'message1$'])
  })

  it('leaves a rest whose source is not asked what else it has, so that it may look for that where it likes', async () => {
    const { outbox, far } = setUp()
    let held = false
    let asked = 0
    class Watched extends TestSource {
      override get state(): 'ready' | 'waiting' | 'done' {
        if (held) asked++
        return super.state
      }
    }
    const source = new Watched('message1').give(`${needle}${'b'.repeat(3000)}`).finish()
    const { ended, begin } = source
    source.ended = (chunk) => {
      // The first one ends where its end-line would appear.
      held = source.sent.length === 0
      ended.call(source, chunk)
    }
    source.begin = (...given) => {
      held = false
      return begin.apply(source, given)
    }
    outbox.add(source)
    outbox.add(TestSource.of('message2', someBody(3000)))
    await settle()
    expect(inOrder(far.arrived).slice(0, 2)).toEqual(['message1+', 'message2+'])
    expect(asked).toBe(0)
  })
})

describe('closing', () => {
  it('sends what is queued and what the sources still have, then closes', async () => {
    const { outbox, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    const slow = new TestSource('slow').give(someBody(3000))
    outbox.add(slow)
    outbox.add(TestSource.of('message1', someBody(500 * KIBIBYTE)))
    outbox.control(controlRequest('control1', 300))
    outbox.close()
    pair.right.resume()
    await settle()
    expect(far.closed).toBe(false)
    slow.finish()
    outbox.wake()
    await settle()
    expect(far.closed).toBe(true)
    expect(far.body('message1').equals(someBody(500 * KIBIBYTE))).toBe(true)
    expect(far.body('slow').equals(someBody(3000))).toBe(true)
    expect(far.arrived.filter(({ what }) => what === 'REPORT')).toHaveLength(1)
  })

  it('closes at once when nothing is queued', async () => {
    const { outbox, far } = setUp()
    outbox.close()
    await settle()
    expect(far.closed).toBe(true)
  })

  it('takes nothing in any more', async () => {
    const { outbox, far } = setUp()
    const open = new TestSource('open').give('begun')
    outbox.add(open)
    await settle()
    outbox.close()
    await settle()
    outbox.control(controlRequest('control1', 300))
    const late = TestSource.of('late', 'too late')
    outbox.add(late)
    expect(late.gone).toEqual({ open: undefined })
    open.finish()
    outbox.wake()
    await settle()
    expect(inOrder(far.arrived)).toEqual(['open$'])
    expect(far.closed).toBe(true)
  })
})

describe('a connection that is lost', () => {
  it('is told to every source, and to the one in the middle of a chunk how far it got', async () => {
    const { outbox, pair } = setUp()
    const open = new TestSource('open').give('five!')
    const idle = new TestSource('idle')
    outbox.add(open)
    outbox.add(idle)
    await settle()
    pair.drop()
    await settle()
    expect(open.gone).toEqual({ open: { transactionId: 'outgoing0', bodyBytes: 5 } })
    expect(idle.gone).toEqual({ open: undefined })
    expect(outbox.empty).toBe(true)
    const late = TestSource.of('late', 'too late')
    outbox.add(late)
    expect(late.gone).toEqual({ open: undefined })
  })

  it('that is being cut asks nobody for more', async () => {
    const { outbox } = setUp()
    const source = TestSource.of('message1', 'hello')
    outbox.add(source)
    outbox.halt()
    await settle()
    expect(source.begun).toEqual([])
    outbox.lost()
    expect(source.gone).toEqual({ open: undefined })
  })
})

describe('what one turn of the event loop causes', () => {
  it('goes out together', async () => {
    const { outbox, written } = setUp()
    for (let index = 0; index < 50; index++) outbox.control(controlRequest(`control${index}`, 300))
    outbox.add(TestSource.of('message1', 'hello'))
    await settle()
    expect(written()).toBe(1)
  })
})
