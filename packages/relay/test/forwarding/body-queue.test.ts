import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyQueue } from '../../src/forwarding/body-queue.ts'

describe('bytes in a queue', () => {
  it('come out as they went in, copied, in pieces of at most the size asked for', () => {
    const Step = fc.oneof(
      fc.record({ push: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 3000, max: 20_000 })) }),
      fc.record({ take: fc.integer({ min: 1, max: 10_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(Step, { maxLength: 100 }), (steps) => {
        const queue = new BodyQueue()
        const [put, got]: Buffer[][] = [[], []]
        let next = 0
        for (const step of steps) {
          if ('push' in step) {
            const bytes = Buffer.from(Array.from({ length: step.push }, () => next++ & 255))
            put!.push(Buffer.from(bytes))
            queue.push(bytes)
            bytes.fill(0)
          } else {
            const bytes = queue.take(step.take)
            expect(bytes?.byteLength ?? 0).toBeLessThanOrEqual(step.take)
            if (bytes !== undefined) got!.push(Buffer.from(bytes))
            else expect(queue.bytes).toBe(0)
          }
        }
        got!.push(Buffer.from(queue.takeAll()))
        expect(queue.bytes).toBe(0)
        expect(Buffer.concat(got!).equals(Buffer.concat(put!))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('that were taken are not written over by those that come later', () => {
    const queue = new BodyQueue()
    queue.push(Buffer.from('a'))
    queue.push(Buffer.from('b'))
    queue.push(Buffer.from('c'))
    queue.take(1)
    const taken = queue.take(1)
    queue.push(Buffer.from('d'))
    queue.push(Buffer.from('e'))
    expect(Buffer.from(taken ?? []).toString()).toBe('b')
    expect(Buffer.from(queue.takeAll()).toString()).toBe('cde')
  })

  it('are gathered when they are few at a time', () => {
    const queue = new BodyQueue()
    for (let index = 0; index < 50_000; index++) queue.push(Uint8Array.of(index))
    const pieces: Uint8Array[] = []
    for (let piece = queue.take(65_536); piece !== undefined; piece = queue.take(65_536)) pieces.push(piece)
    expect(pieces.length).toBeLessThan(20)
    const memory = [...new Set(pieces.map(({ buffer }) => buffer))].reduce((sum, buffer) => sum + buffer.byteLength, 0)
    expect(memory).toBeLessThan(3 * 50_000)
  })

  it('large and tiny ones in turn do not cost many times their size', () => {
    const queue = new BodyQueue()
    for (let index = 0; index < 100; index++) {
      queue.push(new Uint8Array(4096))
      queue.push(Uint8Array.of(1))
    }
    const buffers = new Set<ArrayBufferLike>()
    for (let piece = queue.take(65_536); piece !== undefined; piece = queue.take(65_536)) buffers.add(piece.buffer)
    expect([...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)).toBeLessThan(2 * 100 * 4097)
  })
})
