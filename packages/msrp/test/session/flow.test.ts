import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Session } from '../../src/session/api.ts'
import type { SessionLimits } from '../../src/session/options.ts'
import { loadBodies, SmallBody } from '../../src/session/small-body.ts'
import { MemoryFile, type MemoryPlatform, type MemorySpool } from './memory-platform.ts'
import { type RawPeer, settled } from './raw-peer.ts'
import { both, failure, nextMessage, passive, pattern, stateOf } from './stage.ts'

const MIB = 1024 * 1024

function withoutSpool(platform: MemoryPlatform): void {
  Object.defineProperty(platform, 'openSpool', { value: undefined })
}

function asInBrowser(platform: MemoryPlatform): void {
  withoutSpool(platform)
  platform.openBody = (room) => new SmallBody(room, loadBodies)
}

/** Sends a message in one open chunk, a piece at a time, as far as the endpoint takes it. */
async function pour(peer: RawPeer, messageId: string, bytes: Uint8Array, end = true): Promise<void> {
  const whole = Buffer.from(
    peer.bytesOf({
      messageId,
      body: bytes,
      range: `1-*/${bytes.length}`,
      success: 'yes',
      transactionId: `tx-${messageId}`,
    }),
  )
  const until = end ? whole.length : whole.length - 30
  for (let at = 0; at < until; at += 50_000) peer.write(whole.subarray(at, Math.min(at + 50_000, until)))
  await settled(60)
}

describe('A body that nobody reads', () => {
  test('goes to the spool beyond its window, so that a text behind it arrives', async () => {
    const { peer, session, platform } = await passive()
    await pour(peer, 'file1', pattern(5 * MIB), false)
    expect(peer.transport.bufferedBytes).toBe(0)
    const whole = Buffer.from(
      peer.bytesOf({
        messageId: 'file1',
        body: pattern(5 * MIB),
        range: `1-*/${5 * MIB}`,
        success: 'yes',
        transactionId: 'tx-file1',
      }),
    )
    peer.write(whole.subarray(whole.length - 30))
    peer.send({ body: 'behind it' })
    const file = await nextMessage(session)
    const text = await nextMessage(session)
    expect(await text.text()).toBe('behind it')
    expect(platform.spooled).toBeGreaterThan(3 * MIB)
    expect(Buffer.compare(await file.bytes(), pattern(5 * MIB))).toBe(0)
    const reports = (await peer.all()).filter(({ method }) => method === 'REPORT')
    expect(reports.at(-1)!.field('Byte-Range')).toBe(`1-${5 * MIB}/${5 * MIB}`)
  })

  test('can be saved out of the spool while the rest arrives', async () => {
    const { peer, session } = await passive()
    const bytes = pattern(3 * MIB)
    await pour(peer, 'file1', bytes, false)
    const file = new MemoryFile('x')
    const saving = (await nextMessage(session)).saveTo(file)
    await settled(60)
    expect(await stateOf(saving)).toBe('pending')
    const whole = Buffer.from(
      peer.bytesOf({
        messageId: 'file1',
        body: bytes,
        range: `1-*/${bytes.length}`,
        success: 'yes',
        transactionId: 'tx-file1',
      }),
    )
    peer.write(whole.subarray(whole.length - 30))
    await saving
    expect(Buffer.compare(file.bytes, bytes)).toBe(0)
  })

  test('is refused with 413 when the spool is full, and the connection goes on', async () => {
    const { peer, session } = await passive({ limits: { spool: MIB } })
    void pour(peer, 'file1', pattern(5 * MIB))
    const message = await nextMessage(session)
    expect(await failure(message.complete)).toMatchObject({ code: 'too-large', status: 413 })
    expect((await peer.response('tx-file1')).status).toBe(413)
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })

  test('is refused with 413 when there is no spool, and nobody has come to it for 2 s', async () => {
    const { peer, session, platform } = await passive({}, {}, withoutSpool)
    void pour(peer, 'file1', pattern(2 * MIB))
    const { complete } = await nextMessage(session)
    await settled(60)
    await platform.clock.advance(1_999)
    expect(await stateOf(complete)).toBe('pending')
    await platform.clock.advance(1)
    expect(await failure(complete)).toMatchObject({ code: 'too-large' })
    expect((await peer.response('tx-file1')).status).toBe(413)
  })

  test('fails with storage when the spool does, and is refused with 413', async () => {
    const { peer, session, platform } = await passive()
    void pour(peer, 'file1', pattern(1.5 * MIB), false)
    const message = await nextMessage(session)
    await settled(60)
    platform.spools[0]!.failure = new Error('no space left')
    void pour(peer, 'unused', new Uint8Array(0), false)
    peer.write(pattern(MIB))
    const error = await failure(message.complete)
    expect(error.message).toContain('no space left')
    expect(error).toMatchObject({ code: 'storage' })
    expect((await peer.response('tx-file1')).status).toBe(413)
  })

  test('gives its room back when it is read or refused', async () => {
    const { peer, session, platform } = await passive({ limits: { spool: 4 * MIB } })
    for (const messageId of ['file1', 'file2', 'file3', 'file4']) {
      await pour(peer, messageId, pattern(4 * MIB))
      const message = await nextMessage(session)
      if (messageId === 'file2') message.refuse()
      else expect(Buffer.compare(await message.bytes(), pattern(4 * MIB))).toBe(0)
    }
    expect(platform.spooled).toBeLessThanOrEqual(4 * MIB)
    expect(platform.spools).toHaveLength(1)
    peer.transport.close()
    await session.closed
    await settled()
    expect(platform.spools[0]!.closed).toBe(true)
  })
})

describe('A message that the application lets go of unread', () => {
  test('gives its room back once it has arrived whole', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const { peer, session, platform } = await passive()
    for (const whole of [true, false]) {
      await pour(peer, `file${whole}`, pattern(2 * MIB), whole)
      await nextMessage(session)
    }
    const rest = Buffer.from(
      peer.bytesOf({ messageId: 'filefalse', body: pattern(2 * MIB), transactionId: 'tx-filefalse' }),
    )
    await settled()
    collectGarbage()
    await settled()
    peer.write(rest.subarray(rest.length - 30))
    await settled()
    collectGarbage()
    await settled()
    peer.transport.close()
    await session.closed
    await settled()
    expect(platform.spools.map(({ closed }) => closed)).toEqual([true])
  })
})

describe('Many unread messages', () => {
  test('hold 4 windows of memory at most; the rest goes to the spool', async () => {
    const { peer, session, platform } = await passive()
    const bytes = pattern(60_000)
    for (let index = 0; index < 200; index++) peer.send({ messageId: `msg${index}`, body: bytes, type: 'a/b' })
    await settled(100)
    expect(platform.spooled).toBeGreaterThan(200 * 60_000 - 5 * MIB)
    for (let index = 0; index < 200; index++) {
      expect(Buffer.compare(await (await nextMessage(session)).bytes(), bytes)).toBe(0)
    }
  })

  describe.each<[string, Partial<SessionLimits>, (platform: MemoryPlatform) => void]>([
    ['where there is no spool', {}, withoutSpool],
    ['in a browser', {}, asInBrowser],
    ['when the spool is full', { spool: MIB }, () => {}],
  ])('%s,', (_, limits, setUp) => {
    const body = pattern(MIB / 2)
    /** So many of it that no more fit. */
    const most = (4 * MIB + (limits.spool ?? 0)) / body.length
    const fill = async (peer: RawPeer): Promise<void> => {
      for (let at = 0; at < most; at++) expect((await peer.response(peer.send({ body }))).status).toBe(200)
    }
    const readAll = async (session: Session, messages: number): Promise<void> => {
      for (let at = 0; at < messages; at++) {
        expect(Buffer.compare(await (await nextMessage(session)).bytes(), body)).toBe(0)
      }
    }

    test('hold 4 windows of memory: the connection waits 2 s for a reader, then no more is taken (413) until there is one', async () => {
      const { peer, session, platform } = await passive({ limits }, {}, setUp)
      await fill(peer)
      const [one, next] = [peer.send({ body, success: 'yes' }), peer.send({ body: 'next' })]
      await settled()
      await platform.clock.advance(1_999)
      expect(await peer.all()).toEqual([])
      await platform.clock.advance(1)
      expect((await peer.response(one)).status).toBe(413)
      await peer.response(next)
      // It does not wait for each.
      for (let at = 0; at < 20; at++) expect((await peer.response(peer.send({ body }))).status).toBe(413)
      await readAll(session, most)
      expect((await peer.response(peer.send({ body }))).status).toBe(200)
    })

    test('lose nothing for an application that reads in time', async () => {
      const { peer, session, platform } = await passive({ limits }, {}, setUp)
      await fill(peer)
      const ids = Array.from({ length: 20 }, () => peer.send({ body }))
      await settled()
      await platform.clock.advance(1_999)
      await readAll(session, most + ids.length)
      for (const id of ids) expect((await peer.response(id)).status).toBe(200)
    })

    test('do not hold up one that is being read', async () => {
      const { peer, session, platform } = await passive({ limits }, {}, setUp)
      const large = pattern(8 * MIB)
      const part = { messageId: 'large', range: `1-*/${large.length}`, flag: '+' } as const
      peer.send({ ...part, body: large.subarray(0, 1000) })
      const reading = (await nextMessage(session)).bytes()
      await fill(peer)
      const refused = peer.send({ body })
      await settled()
      await platform.clock.advance(2_000)
      expect((await peer.response(refused)).status).toBe(413)
      peer.send({ messageId: 'large', range: `1001-*/${large.length}`, body: large.subarray(1000) })
      expect(Buffer.compare(await reading, large)).toBe(0)
    })
  })

  describe('when they hold too much and can go nowhere', () => {
    const KIB = 1024
    const stage = async () => passive({ limits: { memory: 64 * KIB } }, {}, withoutSpool)
    const begun = { body: pattern(8 * KIB), flag: '+' } as const

    test('wait for a reader as long as it goes from one to the next', async () => {
      const { peer, session, platform } = await stage()
      await peer.response(peer.send({ ...begun, messageId: 'begun1', range: '1-*/8196' }))
      const many = Array.from({ length: 40 }, (_, at) =>
        peer.bytesOf({ messageId: `many${at}`, body: pattern(4 * KIB) }),
      )
      peer.write(Buffer.concat(many))
      await settled()
      const first = await nextMessage(session)
      for (const _ of many) {
        await (await nextMessage(session)).bytes()
        await platform.clock.advance(1_999)
      }
      peer.send({ messageId: 'begun1', body: 'rest', range: '8193-8196/8196' })
      expect(await first.bytes()).toHaveLength(8_196)
    })

    test('wait once, not again because their sender abandons one', async () => {
      const { peer, platform } = await stage()
      for (let at = 0; at < 15; at++) await peer.response(peer.send({ body: pattern(4 * KIB) }))
      await peer.response(peer.send({ ...begun, messageId: 'begun1', range: '1-*/*' }))
      const next = peer.send()
      await settled()
      await platform.clock.advance(2_000)
      await peer.response(next)
      for (const id of ['begun2', 'begun3']) {
        const parts = { messageId: `x${id}`, body: pattern(100) }
        await peer.response(peer.send({ ...parts, range: '1-*/*', flag: '+' }))
        await peer.response(peer.send({ ...parts, range: '101-*/*', flag: '#' }))
        expect((await peer.response(peer.send({ ...begun, messageId: id, range: '1-*/*' }))).status).toBe(413)
      }
    })

    test('do not hold up one that is being read, whatever came beyond it at once', async () => {
      const { peer, session, platform } = await stage()
      const file = { messageId: 'file1', flag: '+' } as const
      peer.send({ ...file, body: pattern(1_000), range: '1-*/*' })
      const reader = (await nextMessage(session)).stream().getReader()
      await reader.read()
      // More than there is room for, and all of it whole.
      const many = Array.from({ length: 20 }, () => peer.bytesOf({ body: pattern(4 * KIB) }))
      peer.write(Buffer.concat(many))
      await settled()
      await platform.clock.advance(2_000)
      for (let at = 1_000; at < 5_000; at += 1_000) {
        peer.send({ ...file, body: pattern(1_000), range: `${at + 1}-*/*` })
        expect((await reader.read()).value).toHaveLength(1_000)
      }
    })
  })

  test('more than 1024 are refused with 413 (FIELD-endpoint-10)', async () => {
    const { peer, session } = await passive()
    const ids = Array.from({ length: 1025 }, () => peer.send({ body: 'x' }))
    expect((await peer.response(ids[1023]!)).status).toBe(200)
    expect((await peer.response(ids[1024]!)).status).toBe(413)
    await nextMessage(session)
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(200)
  })

  test('more than 64 that have begun and not ended are refused with 413, until one has been forsaken for two minutes', async () => {
    const { peer, platform } = await passive()
    for (let index = 0; index < 64; index++)
      peer.send({ messageId: `open${index}`, body: 'x', range: '1-*/9', flag: '+' })
    expect((await peer.response(peer.send({ body: 'whole' }))).status).toBe(413)
    await platform.clock.advance(120_000)
    peer.send({ messageId: 'open5', body: 'x', range: '2-*/9', flag: '+' })
    expect((await peer.response(peer.send({ body: 'whole' }))).status).toBe(200)
    // The oldest that nothing came for had to go.
    expect((await peer.response(peer.send({ messageId: 'open0', body: 'x', range: '2-*/9', flag: '+' }))).status).toBe(
      413,
    )
    expect((await peer.response(peer.send({ messageId: 'open5', body: 'x', range: '3-*/9', flag: '+' }))).status).toBe(
      200,
    )
  })
})

describe('A reader', () => {
  test('that keeps up is waited for: the connection is read no faster, and nothing goes to the spool (FIELD-relay-13)', async () => {
    const { peer, session, platform } = await passive()
    const bytes = pattern(20 * MIB)
    void pour(peer, 'file1', bytes)
    const message = await nextMessage(session)
    const pieces: Uint8Array[] = []
    let most = 0
    for await (const piece of message.stream()) {
      pieces.push(piece)
      const taken = pieces.reduce((sum, { length }) => sum + length, 0)
      most = Math.max(most, message.received - taken)
      if (pieces.length % 10 === 0) await platform.clock.advance(500)
    }
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0)
    expect(most).toBeLessThan(1.2 * MIB)
    expect(platform.spooled).toBe(0)
  })

  test('that stands still for 2 s has its message spooled, so that others arrive; it can go on later', async () => {
    const { peer, session, platform } = await passive()
    const bytes = pattern(6 * MIB)
    void pour(peer, 'file1', bytes)
    const message = await nextMessage(session)
    const reader = message.stream().getReader()
    const pieces = [(await reader.read()).value!]
    await settled(60)
    peer.send({ body: 'behind it' })
    const behind = nextMessage(session)
    await platform.clock.advance(1_999)
    expect(await stateOf(behind)).toBe('pending')
    expect(platform.spooled).toBe(0)
    await platform.clock.advance(1)
    await settled(60)
    expect(await (await behind).text()).toBe('behind it')
    expect(platform.spooled).toBeGreaterThan(4 * MIB)
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value)
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0)
  })

  test('that waits for a gap is not waited for', async () => {
    const { peer, session, platform } = await passive({ limits: { window: 100_000 } })
    const bytes = pattern(500_000)
    peer.send({ messageId: 'holes', body: bytes.slice(0, 10), range: '1-*/500000', flag: '+' })
    const message = await nextMessage(session)
    const reading = message.bytes()
    for (let at = 1000; at < 500_000; at += 50_000) {
      peer.send({ messageId: 'holes', body: bytes.slice(at, at + 50_000), range: `${at + 1}-*/500000`, flag: '+' })
    }
    await settled(60)
    expect(message.received).toBe(10 + 499_000)
    peer.send({ messageId: 'holes', body: bytes.slice(10, 1000), range: '11-1000/500000', flag: '+' })
    expect(Buffer.compare(await reading, bytes)).toBe(0)
    expect(platform.clock.next ?? 10_000).toBeGreaterThan(2_000)
  })

  test('that comes to a gap while the connection waits for it does not wait for ever', async () => {
    const { peer, session, platform } = await passive({ limits: { window: 100_000 } })
    const bytes = pattern(300_000)
    const part = (start: number, end: number): unknown =>
      peer.send({ messageId: 'gap01', body: bytes.slice(start, end), range: `${start + 1}-*/300000`, flag: '+' })
    part(0, 60_000)
    const reader = (await nextMessage(session)).stream().getReader()
    part(90_000, 300_000)
    part(60_000, 90_000)
    await settled()
    const pieces: Uint8Array[] = []
    const started = platform.clock.now()
    for (let taken = 0; taken < 300_000; ) {
      const { value } = await reader.read()
      pieces.push(value!)
      taken += value!.length
    }
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0)
    expect(platform.clock.now()).toBe(started)
  })

  test('that is done leaves nothing paused and no timer', async () => {
    const { peer, session, platform, prepared } = await passive()
    void pour(peer, 'file1', pattern(3 * MIB))
    const message = await nextMessage(session)
    const reader = message.stream().getReader()
    await reader.read()
    await settled()
    await reader.cancel()
    expect((await peer.response('tx-file1')).status).toBe(413)
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
    await session.close()
    await prepared.close()
    expect(platform.clock.pending).toBe(0)
  })
})

describe('Waiting for delivered inside the message loop', () => {
  const narrow = {
    setUp: (near: MemoryPlatform): void => {
      near.pairOptions = { capacity: 20_000 }
    },
  }
  const file = pattern(8 * MIB)
  const reply = pattern(4 * MIB, 2)

  test('does not block when a file comes meanwhile that nobody reads: it is spooled', async () => {
    const { sender, receiver, far, clock, close } = await both(narrow)
    const replies = (async () => Buffer.compare(await (await nextMessage(sender)).bytes(), reply))()
    sender.send('first')
    const sent = sender.send(file)
    const messages = receiver[Symbol.asyncIterator]()
    const started = clock.now()
    await (await messages.next()).value.text()
    await receiver.send(reply).delivered
    expect(await replies).toBe(0)
    expect(clock.now()).toBe(started)
    expect(far.spooled).toBeGreaterThan(MIB)
    expect(Buffer.compare(await (await messages.next()).value.bytes(), file)).toBe(0)
    await sent.delivered
    await close()
  })

  test('does not block in the middle of reading a file: after 2 s the rest is spooled', async () => {
    const { sender, receiver, far, clock, close } = await both(narrow)
    const replies = (async () => Buffer.compare(await (await nextMessage(sender)).bytes(), reply))()
    const sent = sender.send(file)
    const message = await nextMessage(receiver)
    const pieces: Uint8Array[] = []
    for await (const piece of message.stream()) {
      pieces.push(piece)
      if (pieces.length !== 3) continue
      const { delivered } = receiver.send(reply)
      await settled(100)
      expect(far.spooled).toBe(0)
      await clock.advance(2_000)
      await delivered
      expect(await replies).toBe(0)
    }
    expect(Buffer.compare(Buffer.concat(pieces), file)).toBe(0)
    await sent.delivered
    await close()
  })

  test('does not block when both sides answer each text at the same time', async () => {
    const { sender, receiver, clock, close } = await both()
    const answered: string[] = []
    const loop = async (session: typeof sender): Promise<void> => {
      for await (const message of session) {
        const text = await message.text()
        if (text.startsWith('echo')) continue
        await session.send(`echo ${text}`).delivered
        answered.push(text)
      }
    }
    const loops = [loop(sender), loop(receiver)]
    sender.send('one')
    receiver.send('two')
    await settled()
    await clock.advance(2_000)
    expect(answered.toSorted()).toEqual(['one', 'two'])
    await close()
    await Promise.all(loops)
  })

  test('does not block when both sides do it and say what has arrived as soon as it has', async () => {
    const { sender, receiver, close } = await both({
      ...narrow,
      sender: { reportOn: 'received' },
      receiver: { reportOn: 'received' },
    })
    const exchange = async (session: typeof sender, mine: Uint8Array, theirs: Uint8Array): Promise<void> => {
      const sent = session.send(mine)
      const message = await nextMessage(session)
      await sent.delivered
      expect(Buffer.compare(await message.bytes(), theirs)).toBe(0)
    }
    await Promise.all([exchange(sender, file, reply), exchange(receiver, reply, file)])
    await close()
  })
})

describe('A slow disk', () => {
  test('makes the connection wait rather than memory grow, and loses nothing', async () => {
    const { peer, session, platform } = await passive()
    platform.slowDisk = true
    const bytes = pattern(10 * MIB)
    void pour(peer, 'file1', bytes)
    const message = await nextMessage(session)
    const saving = message.saveTo('movie')
    await settled(100)
    expect(message.received).toBeLessThan(3 * MIB)
    platform.slowDisk = false
    expect(await saving).toBe('movie')
    expect(Buffer.compare(platform.files.get('movie')!.bytes, bytes)).toBe(0)
  })
})

describe('A spool', () => {
  test.each<[string, (spool: MemorySpool) => void]>([
    [
      'that gives back less than it got',
      (spool) => {
        spool.read = async () => new Uint8Array(1)
      },
    ],
    [
      'that cannot be read',
      (spool) => {
        spool.read = () => Promise.reject(new Error('disk gone'))
      },
    ],
  ])('%s fails its message, and tells the sender', async (_, spoil) => {
    const { peer, session, platform } = await passive({ limits: { window: 100_000 } })
    peer.send({ messageId: 'spooled', body: pattern(500_000), range: '1-*/600000', flag: '+' })
    await settled()
    spoil(platform.spools[0]!)
    const message = await nextMessage(session)
    expect(await failure(message.bytes())).toMatchObject({ code: 'storage' })
    const next = peer.send({ messageId: 'spooled', body: pattern(100_000), range: '500001-*/600000' })
    expect((await peer.response(next)).status).toBe(413)
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })

  test('is left alone by a message that is refused while it is read from there', async () => {
    const { peer, session, platform } = await passive({ limits: { window: 100_000 } })
    peer.send({ messageId: 'spooled', body: pattern(500_000), range: '1-*/600000', flag: '+' })
    await settled()
    const spool = platform.spools[0]!
    const message = await nextMessage(session)
    let go = (): void => {}
    const ready = new Promise<void>((resolve) => {
      go = resolve
    })
    const read = spool.read.bind(spool)
    spool.read = async (position, length) => {
      await ready
      return read(position, length)
    }
    const reading = failure(message.bytes())
    await settled()
    message.refuse(403)
    go()
    expect(await reading).toMatchObject({ code: 'aborted', status: 403 })
  })
})
