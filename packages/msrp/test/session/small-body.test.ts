import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BodyRoom } from '../../src/session/body-room.ts'
import { type AnyBody, IncomingBody } from '../../src/session/incoming-body.ts'
import { loadBodies, SmallBody } from '../../src/session/small-body.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { MemoryFile } from './memory-platform.ts'
import { pattern } from './stage.ts'

const small = (room: BodyRoom): AnyBody => new SmallBody(room, loadBodies)

/** A body, and what it tells the session around it. */
class Stage {
  readonly clock = new FakeClock()
  body: AnyBody
  readonly pauses: Set<object> = new Set()
  memory = 0
  /** The session takes no more. */
  most = Number.POSITIVE_INFINITY
  until = 0
  finished = false
  error: MsrpError | undefined

  constructor(open: (room: BodyRoom) => AnyBody, window = 1024 * 1024) {
    this.body = open({
      shared: {
        clock: this.clock,
        spoolAfter: 2000,
        window,
        spool: undefined,
        pause: (reason) => this.pauses.add(reason),
        resume: (reason) => this.pauses.delete(reason),
        memory: (change) => {
          this.memory += change
          if (this.memory > this.most) this.body.fail(new MsrpError('too-large', 'too much'))
        },
      },
      grown: (body) => {
        this.body = body
      },
      progress: (until, finished) => {
        this.until = until
        this.finished = finished
      },
      failed: (error) => {
        this.error = error
      },
    })
  }

  /** Reads to the end. */
  async read(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for (let piece = await this.body.take(); piece !== undefined; piece = await this.body.take()) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}

describe('A small body', () => {
  test('gives what comes in order, without anything being loaded', async () => {
    const stage = new Stage(small)
    stage.body.attach()
    const reading = stage.read()
    stage.body.write(0, pattern(10))
    await settle()
    expect([stage.until, stage.memory, stage.finished]).toEqual([10, 0, false])
    stage.body.write(10, pattern(10))
    stage.body.setTotal(20)
    expect(await reading).toEqual(Buffer.concat([pattern(10), pattern(10)]))
    expect([stage.until, stage.finished, stage.pauses.size]).toEqual([20, true, 0])
  })

  test('is read once', () => {
    const { body } = new Stage(small)
    body.attach()
    expect(() => body.attach()).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('that becomes a large one has the connection wait for that', async () => {
    const stage = new Stage(small)
    stage.body.write(5, pattern(5))
    expect(stage.pauses.size).toBe(1)
    stage.body.write(0, pattern(5))
    stage.body.setTotal(10)
    expect(stage.body.complete).toBe(true)
    stage.body.attach()
    expect(await stage.read()).toEqual(Buffer.concat([pattern(5), pattern(5)]))
    expect([stage.pauses.size, stage.memory, stage.finished]).toEqual([0, 0, true])
  })

  test('that nobody reads for 2 s is refused when its window is full', async () => {
    const stage = new Stage(small, 200_000)
    for (let at = 0; at < 300_000; at += 50_000) stage.body.write(at, pattern(50_000))
    while (stage.clock.pending === 0) await settle()
    expect([stage.error, stage.pauses.size]).toEqual([undefined, 1])
    await stage.clock.advance(2_000)
    expect(stage.pauses.size).toBe(0)
    expect(stage.error).toMatchObject({ code: 'too-large', status: 413 })
    expect(stage.memory).toBe(0)
  })

  test.each([
    ['before', false],
    ['while it becomes a large one', true],
  ])('that fails %s tells its reader and the session, and holds nothing', async (_, grows) => {
    const stage = new Stage(small)
    stage.body.write(grows ? 1 : 0, pattern(10))
    stage.body.attach()
    const reading = stage.read()
    stage.body.fail(new MsrpError('aborted', 'no more'))
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
    while (stage.pauses.size > 0) await settle()
    expect([stage.error?.code, stage.body.failure?.code, stage.memory]).toEqual(['aborted', 'aborted', 0])
  })

  test('that fails while it is about to be saved leaves nothing of the file', async () => {
    const stage = new Stage(small)
    const file = new MemoryFile('photo.jpg')
    stage.body.write(0, pattern(10))
    stage.body.attach()
    const saving = stage.body.saveTo(file)
    stage.body.fail(new MsrpError('aborted', 'no more'))
    await expect(saving).rejects.toMatchObject({ code: 'aborted' })
    expect(file.state).toBe('discarded')
  })
})

test.each([
  ['A small body', small],
  ['A large one', (room: BodyRoom): AnyBody => new IncomingBody(room)],
])('%s that is more than the session takes holds nothing', async (_, open) => {
  const stage = new Stage(open)
  stage.most = 100_000
  stage.body.write(0, pattern(300_000))
  expect([stage.error?.code, stage.memory]).toEqual(['too-large', 0])
})

// What a chunk brings, what is read, and when.
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const step = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), at: fc.nat(9), blocks: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('next' as const), blocks: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('settle' as const) }),
  fc.record({ kind: fc.constantFrom('read' as const, 'save' as const) }),
)

test('A small body does what a large one does, whatever comes and however it is read', async () => {
  const BLOCK = 9000
  const whole = pattern(10 * BLOCK)
  const play = async (open: (room: BodyRoom) => AnyBody, steps: readonly Step[]) => {
    const stage = new Stage(open)
    const file = new MemoryFile('all')
    let next = 0
    let outcome: Promise<Uint8Array> | undefined
    const begin = (save: boolean): void => {
      if (outcome !== undefined) return
      stage.body.attach()
      outcome = save ? stage.body.saveTo(file).then(() => file.bytes) : stage.read()
    }
    const put = (from: number, blocks: number): void => {
      const until = Math.min(10, from + blocks)
      if (from < until) stage.body.write(from * BLOCK, whole.subarray(from * BLOCK, until * BLOCK))
      if (from <= next) next = Math.max(next, until)
    }
    for (const it of steps) {
      if (it.kind === 'write') put(it.at, it.blocks)
      else if (it.kind === 'next') put(next, it.blocks)
      else if (it.kind === 'settle') await settle()
      else begin(it.kind === 'save')
    }
    stage.body.setTotal(whole.length)
    const ranges = [...stage.body.received.within(0, whole.length)]
    put(0, 10)
    begin(false)
    const bytes = Buffer.from((await outcome) ?? [])
    const { memory, finished } = stage
    return {
      ranges,
      right: bytes.equals(whole),
      memory,
      finished,
      complete: stage.body.complete,
      size: stage.body.size,
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      expect(await play(small, steps)).toEqual(await play((room) => new IncomingBody(room), steps))
    }),
    { numRuns: 200 },
  )
})
