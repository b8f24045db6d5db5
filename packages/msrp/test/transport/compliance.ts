import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/connection/transport.ts'
import { settle } from './fake-clock.ts'
import { Recorder } from './recorder.ts'

/** Two connected transports, not started, and what ends whatever stands behind them. */
export interface ConnectedPair {
  readonly left: Transport
  readonly right: Transport
  stop(): Promise<void>
}

/** One kind of transport under test. */
export interface TransportKind {
  readonly name: string
  readonly secure: boolean
  /** What was written may still go out after `destroy()`: browsers give no way to take it back. Default false. */
  readonly sendsOn?: boolean
  connect(): Promise<ConnectedPair>
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** More than any operating system's socket buffers hold. */
const FLOOD = 32 * 1024 * 1024

/** What every Transport does, whatever carries its bytes. */
export function transportCompliance(kind: TransportKind): void {
  describe(`transport over ${kind.name}`, () => {
    const open: ConnectedPair[] = []

    async function connect(): Promise<ConnectedPair> {
      const pair = await kind.connect()
      open.push(pair)
      return pair
    }

    afterEach(async () => {
      for (const { left, right, stop } of open.splice(0)) {
        left.destroy()
        right.destroy()
        await stop()
      }
    })

    it('says whether it is protected, and describes itself in one line without a secret', async () => {
      const { left, right } = await connect()
      expect([left.secure, right.secure]).toEqual([kind.secure, kind.secure])
      expect(left.description).toMatch(/^\S+ \S+$/)
    })

    it('carries bytes in order in both directions', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      for (let index = 0; index < 300; index++) left.write(bytes(`l${index};`))
      right.write(bytes('to the left'))
      const expected = Array.from({ length: 300 }, (_, index) => `l${index};`).join('')
      await atRight.until(() => atRight.received === expected.length)
      await atLeft.until(() => atLeft.received === 11)
      expect(atRight.text).toBe(expected)
      expect(atLeft.text).toBe('to the left')
    })

    it('carries small and large pieces of one turn in order', async () => {
      const { left, right } = await connect()
      const atRight = Recorder.on(right, false)
      Recorder.on(left)
      const sum = createHash('sha256')
      let total = 0
      for (const size of [10, 100_000, 20, 300_000, 5000, 30, 1_000_000, 40]) {
        const piece = new Uint8Array(randomBytes(size))
        sum.update(piece)
        total += size
        left.write(piece)
      }
      await atRight.until(() => atRight.received === total)
      expect(atRight.sha256).toBe(sum.digest('hex'))
    })

    it('delivers nothing before start() and loses nothing meanwhile', async () => {
      const { left, right } = await connect()
      Recorder.on(left)
      left.write(bytes('early '))
      left.write(bytes('bird'))
      for (let turn = 0; turn < 20; turn++) await settle()
      const late = Recorder.on(right)
      expect(late.events).toEqual([])
      await late.until(() => late.received === 10)
      expect(late.text).toBe('early bird')
    })

    it('delivers what came before the end and then the end to a handler that starts after both', async () => {
      const { left, right } = await connect()
      const atLeft = Recorder.on(left)
      left.write(bytes('last words'))
      left.close()
      for (let turn = 0; turn < 20; turn++) await settle()
      const late = Recorder.on(right)
      await late.closed()
      await atLeft.closed()
      expect(late.text).toBe('last words')
      expect(late.error).toBeUndefined()
    })

    it('delivers an end that came with nothing before it, and before start()', async () => {
      const { left, right } = await connect()
      const atLeft = Recorder.on(left)
      left.close()
      for (let turn = 0; turn < 20; turn++) await settle()
      const late = Recorder.on(right)
      expect(late.events).toEqual([])
      await late.closed()
      await atLeft.closed()
      expect(late.events).toEqual(['close'])
      expect(late.error).toBeUndefined()
    })

    it('never calls the handler from inside a call to the transport', async () => {
      const { left, right } = await connect()
      let inside = ''
      const offences: string[] = []
      const note = (event: string): void => {
        if (inside !== '') offences.push(`${event} inside ${inside}`)
      }
      const call = (name: string, action: () => void): void => {
        inside = name
        action()
        inside = ''
      }
      const atRight = new Recorder()
      const atLeft = new Recorder()
      call('start', () =>
        right.start({
          onData: (piece) => {
            note('data')
            atRight.onData(piece)
          },
          onDrain: () => {
            note('drain')
            atRight.onDrain()
          },
          onClose: (error) => {
            note('close')
            atRight.onClose(error)
          },
        }),
      )
      left.start(atLeft)
      left.write(bytes('x'.repeat(1000)))
      await atRight.until(() => atRight.received === 1000)
      call('pause', () => right.pause())
      left.write(bytes('y'.repeat(1000)))
      for (let turn = 0; turn < 20; turn++) await settle()
      call('resume', () => right.resume())
      await atRight.until(() => atRight.received === 2000)
      call('write', () => right.write(bytes('z')))
      await atLeft.until(() => atLeft.received === 1)
      call('close', () => right.close())
      call('destroy', () => right.destroy())
      await atRight.closed()
      expect(offences).toEqual([])
    })

    it('counts what the operating system has not taken, and tells when that is back to 0', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      expect(left.bufferedBytes).toBe(0)
      left.write(new Uint8Array(5000))
      left.write(new Uint8Array(70))
      expect(left.bufferedBytes).toBe(5070)
      await atLeft.until(() => atLeft.drains > 0)
      expect(left.bufferedBytes).toBe(0)
      await atRight.until(() => atRight.received === 5070)
      expect(atLeft.drains).toBe(1)
    })

    it('sees bufferedBytes at 0 whenever onDrain is called, and onDrain once for each time it was above', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right, false)]
      const seen: number[] = []
      let rounds = 0
      atLeft.onDrained = () => {
        seen.push(left.bufferedBytes)
        if (++rounds < 10) left.write(new Uint8Array(100_000))
      }
      left.write(new Uint8Array(100_000))
      await atRight.until(() => atRight.received === 1_000_000)
      await atLeft.until(() => atLeft.drains === 10)
      expect(seen).toEqual(new Array(10).fill(0))
    })

    it('writes nothing for an empty write, and drains nothing', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      left.write(new Uint8Array(0))
      expect(left.bufferedBytes).toBe(0)
      left.write(bytes('end'))
      await atRight.until(() => atRight.received === 3)
      await atLeft.until(() => atLeft.drains === 1)
    })

    it('does not drain towards a peer that never reads: bufferedBytes grows by what is written and by nothing else', async () => {
      const { left, right } = await connect()
      const atLeft = Recorder.on(left)
      const atRight = new Recorder(false)
      right.start(atRight)
      right.pause()
      let written = 0
      // Until the operating system takes no more: what is handed in then stays counted.
      for (let quiet = 0; quiet < 50; ) {
        const before = left.bufferedBytes
        if (before < 262_144) {
          left.write(new Uint8Array(65_536))
          written += 65_536
          expect(left.bufferedBytes).toBe(before + 65_536)
        } else quiet += 1
        await settle()
      }
      const stuck = left.bufferedBytes
      const drains = atLeft.drains
      left.write(new Uint8Array(1000))
      written += 1000
      for (let turn = 0; turn < 50; turn++) await settle()
      expect(left.bufferedBytes).toBe(stuck + 1000)
      expect(atLeft.drains).toBe(drains)
      right.resume()
      await atRight.until(() => atRight.received === written)
      await atLeft.until(() => left.bufferedBytes === 0 && atLeft.drains > drains)
    })

    it('pauses: soon nothing arrives any more, and resume() brings everything in order', async () => {
      const { left, right } = await connect()
      Recorder.on(left)
      const atRight = Recorder.on(right, false)
      const sum = createHash('sha256')
      left.write(bytes('first'))
      sum.update('first')
      await atRight.until(() => atRight.received === 5)
      right.pause()
      const block = new Uint8Array(randomBytes(FLOOD / 4))
      sum.update(block)
      left.write(block)
      for (let turn = 0; turn < 50; turn++) await settle()
      const paused = atRight.received
      for (let turn = 0; turn < 50; turn++) await settle()
      expect(atRight.received).toBe(paused)
      expect(paused).toBeLessThan(1_000_000)
      right.resume()
      await atRight.until(() => atRight.received === 5 + block.length)
      expect(atRight.sha256).toBe(sum.digest('hex'))
    })

    it('pauses from within onData, and pause before start() holds', async () => {
      const { left, right } = await connect()
      Recorder.on(left)
      left.write(bytes('a'))
      right.pause()
      const atRight = Recorder.on(right)
      for (let turn = 0; turn < 20; turn++) await settle()
      expect(atRight.received).toBe(0)
      atRight.onPiece = () => right.pause()
      right.resume()
      await atRight.until(() => atRight.received === 1)
      left.write(bytes('b'))
      for (let turn = 0; turn < 20; turn++) await settle()
      expect(atRight.text).toBe('a')
      right.resume()
      await atRight.until(() => atRight.received === 2)
    })

    it('carries both directions at full speed at once, whole', { timeout: 30_000 }, async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left, false), Recorder.on(right, false)]
      const [toRight, toLeft] = [pump(left, atLeft, FLOOD), pump(right, atRight, FLOOD)]
      await atRight.until(() => atRight.received === FLOOD)
      await atLeft.until(() => atLeft.received === FLOOD)
      expect(atRight.sha256).toBe(toRight())
      expect(atLeft.sha256).toBe(toLeft())
    })

    it('close() sends what is buffered, then both ends close in order', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right, false)]
      left.write(new Uint8Array(3_000_000))
      left.write(new Uint8Array(7))
      left.close()
      await atRight.closed()
      await atLeft.closed()
      expect(atRight.received).toBe(3_000_007)
      expect([atLeft.error, atRight.error]).toEqual([undefined, undefined])
    })

    it('sends what it still has when the far side has ended', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      atRight.onPiece = () => right.write(bytes('answer'))
      left.write(bytes('question'))
      left.close()
      await atRight.closed()
      await atLeft.closed()
      expect(atRight.error).toBeUndefined()
    })

    it('hears nothing but onClose after close()', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      left.write(bytes('bye'))
      right.write(bytes('not heard'))
      left.close()
      left.close()
      left.write(bytes('too late'))
      left.pause()
      await atLeft.closed()
      await atRight.closed()
      expect(atLeft.events).toEqual(['close'])
      expect(atRight.text).toBe('bye')
    })

    it('destroy() closes at once without an error on its own side, and the far side learns of it', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right, false)]
      right.pause()
      left.write(new Uint8Array(FLOOD))
      await settle()
      left.destroy()
      left.destroy()
      left.close()
      left.write(bytes('late'))
      expect(left.bufferedBytes).toBe(0)
      await atLeft.closed()
      expect(atLeft.error).toBeUndefined()
      expect(atLeft.events).toEqual(['close'])
      right.resume()
      await atRight.closed()
      expect(atRight.received).toBeLessThan(kind.sendsOn ? FLOOD + 1 : FLOOD)
    })

    it('destroys from within onData', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      atRight.onPiece = () => right.destroy()
      left.write(new Uint8Array(1_000_000))
      await atRight.closed()
      await atLeft.closed()
      expect(atRight.events).toEqual(['data', 'close'])
    })

    it('reports the end to a handler that starts after it', async () => {
      const { left, right } = await connect()
      const atLeft = Recorder.on(left)
      left.destroy()
      await atLeft.closed()
      right.destroy()
      for (let turn = 0; turn < 20; turn++) await settle()
      const late = Recorder.on(right)
      expect(late.closes).toBe(0)
      await late.closed()
    })

    it('refuses a second start()', async () => {
      const { left } = await connect()
      Recorder.on(left)
      expect(() => Recorder.on(left)).toThrow(/twice/)
    })

    it('closes both ends when both close at once', async () => {
      const { left, right } = await connect()
      const [atLeft, atRight] = [Recorder.on(left), Recorder.on(right)]
      left.close()
      right.close()
      await atLeft.closed()
      await atRight.closed()
      expect([atLeft.error, atRight.error]).toEqual([undefined, undefined])
    })
  })
}

/** Writes random pieces of many sizes as fast as the far side takes them; returns the digest of all, once all is out. */
function pump(transport: Transport, recorder: Recorder, total: number): () => string {
  const digest = createHash('sha256')
  const sizes = [1, 200, 4095, 4096, 16_384, 65_536, 300_000]
  let left = total
  let turn = 0
  const more = (): void => {
    while (left > 0 && transport.bufferedBytes < 262_144) {
      const piece = new Uint8Array(randomBytes(Math.min(left, sizes[turn++ % sizes.length]!)))
      digest.update(piece)
      left -= piece.length
      transport.write(piece)
    }
  }
  recorder.onDrained = more
  more()
  return () => digest.digest('hex')
}
