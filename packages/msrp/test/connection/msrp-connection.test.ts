import { describe, expect, it } from 'vitest'
import {
  MsrpConnection,
  type MsrpConnectionHandler,
  maskCredentials,
  observeText,
  type WireObserver,
} from '../../src/connection/index.ts'
import { ChunkParser, type MsrpError, type OpenReader } from '../../src/wire/index.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { type MemoryPairOptions, memoryPair } from '../transport/memory-transport.ts'
import { controlRequest, FarSide, requestText } from './far-side.ts'
import { someBody, TestSource } from './test-source.ts'

/** Writes down what a connection tells. */
class Owner implements MsrpConnectionHandler<string> {
  readonly told: string[] = []
  readonly bodies: string[] = []
  error: MsrpError | undefined
  unanswered: string[] | undefined
  #body: Buffer[] = []

  request(head: { method: string; transactionId: string }): void {
    this.told.push(`${head.method} ${head.transactionId}`)
  }

  requestBody(bytes: Uint8Array): void {
    this.#body.push(Buffer.from(bytes))
  }

  requestEnd(flag: string): void {
    this.told.push(`end ${flag}`)
    this.bodies.push(Buffer.concat(this.#body.splice(0)).toString())
  }

  response(head: { status: number }, pending: string): void {
    this.told.push(`${head.status} to ${pending}`)
  }

  timeout(pending: string): void {
    this.told.push(`timeout of ${pending}`)
  }

  unsent(pending: string): void {
    this.told.push(`${pending} was not sent`)
  }

  closed(error: MsrpError | undefined, unanswered: string[]): void {
    if (this.unanswered !== undefined) throw new Error('closed twice')
    this.error = error
    this.unanswered = unanswered
    this.told.push('closed')
  }
}

function setUp(
  options: MemoryPairOptions & {
    observer?: WireObserver
    random?: (size: number) => Uint8Array
    reader?: OpenReader
  } = {},
) {
  const pair = memoryPair(options)
  const clock = new FakeClock()
  const owner = new Owner()
  let count = 0
  const connection = new MsrpConnection<string>({
    transport: pair.left,
    clock,
    random: options.random ?? ((size) => new Uint8Array(size).fill(count++)),
    handler: owner,
    reader: options.reader ?? ChunkParser,
    observer: options.observer,
  })
  connection.start()
  return { pair, clock, owner, connection, far: new FarSide(pair.right) }
}

describe('what arrives', () => {
  it.each([1, 3, 1000])('is handed on %d bytes at a time', async (split) => {
    const { owner, far } = setUp({ split })
    far.request('abcd1', 'SEND', 'Hello')
    far.request('abcd2', 'REPORT')
    await settle()
    expect(owner.told).toEqual(['SEND abcd1', 'end $', 'REPORT abcd2', 'end $'])
    expect(owner.bodies).toEqual(['Hello', ''])
  })

  describe('by a reader that has to load a part of itself', () => {
    function late() {
      const loaded = Promise.withResolvers<void>()
      class LateReader extends ChunkParser {
        override async push(bytes: Uint8Array): Promise<void> {
          const kept = bytes.slice()
          await loaded.promise
          super.push(kept)
        }
      }
      return { ...setUp({ reader: LateReader as OpenReader }), loaded }
    }

    it('is read once that is there, and nothing else comes in meanwhile', async () => {
      const { owner, far, connection, loaded } = late()
      far.request('abcd1', 'SEND', 'Hello')
      await settle()
      expect([connection.reading, owner.told]).toEqual([false, []])
      loaded.resolve()
      await settle()
      expect([connection.reading, owner.told]).toEqual([true, ['SEND abcd1', 'end $']])
    })

    it('is not read any more when the connection has ended meanwhile', async () => {
      const { owner, far, connection, loaded } = late()
      far.request('abcd1', 'SEND', 'Hello')
      await settle()
      connection.fail(undefined)
      await settle()
      loaded.resolve()
      await settle()
      expect(owner.told).toEqual(['closed'])
    })

    it('ends the connection when nothing has come of that for 20 s', async () => {
      const { owner, far, clock } = late()
      far.request('abcd1', 'SEND', 'Hello')
      await settle()
      await clock.advance(19_999)
      expect(owner.told).toEqual([])
      await clock.advance(1)
      expect(owner.told).toEqual(['closed'])
      expect(owner.error).toMatchObject({ code: 'internal', message: expect.stringContaining('20 s') })
    })

    it('ends the connection when it is no MSRP, or when that part cannot be loaded', async () => {
      const [stranger, offline] = [late(), late()]
      stranger.far.write('HTTP/1.1 400 Bad Request\r\n')
      offline.far.request('abcd1', 'SEND', 'Hello')
      await settle()
      stranger.loaded.resolve()
      offline.loaded.reject(new TypeError('Failed to fetch'))
      await settle()
      expect(stranger.owner.error?.code).toBe('not-msrp')
      expect(offline.owner.error).toMatchObject({ code: 'internal' })
    })
  })

  it('ends the connection when it is no MSRP, and says so only before anything was', async () => {
    const stranger = setUp()
    stranger.far.write('HTTP/1.1 400 Bad Request\r\n')
    const friend = setUp()
    friend.far.request('abcd1', 'SEND', 'Hello')
    friend.far.write('MSRP and more\r\n')
    await settle()
    expect(stranger.owner.error?.code).toBe('not-msrp')
    expect(stranger.connection.heard).toBe(false)
    expect(friend.owner.error?.code).toBe('malformed')
    expect(friend.connection.heard).toBe(true)
    expect([stranger.far.closed, friend.far.closed]).toEqual([true, true])
  })

  it('is not handed on any more once the connection has failed, not even from the same read', async () => {
    const { owner, connection, far } = setUp()
    owner.request = (head) => {
      owner.told.push(`${head.method} ${head.transactionId}`)
      connection.fail(undefined)
    }
    far.write(requestText('abcd1', 'SEND', 'Hello') + requestText('abcd2', 'SEND', 'Hello'))
    await settle()
    expect(owner.told).toEqual(['SEND abcd1', 'closed'])
    expect(connection.open).toBe(false)
  })

  it('of a head that stops half way can be looked at', async () => {
    const { connection, far } = setUp()
    far.write('MSRP abcd1 423')
    await settle()
    expect(connection.partialHead).toBe('MSRP abcd1 423')
  })
})

describe('a response', () => {
  it('counts for the request with its whole id, once; others are dropped', async () => {
    const { owner, connection, far } = setUp()
    const transactionId = connection.newTransactionId()
    connection.sendRequest(transactionId, Buffer.from(requestText(transactionId, 'AUTH')), 'the AUTH')
    for (const wrong of [transactionId.slice(0, -1), `${transactionId}a`, transactionId.toUpperCase(), 'never-sent']) {
      far.respond(wrong)
    }
    await settle()
    expect(owner.told).toEqual([])
    expect(connection.transactions.size).toBe(1)
    far.respond(transactionId, 401)
    far.respond(transactionId, 200)
    await settle()
    expect(owner.told).toEqual(['401 to the AUTH'])
    expect(connection.transactions.size).toBe(0)
  })

  it('that comes after 30 s is too late (RFC4976-6.4.1-4)', async () => {
    const { owner, connection, far, clock } = setUp()
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'the AUTH')
    await settle()
    await clock.advance(30_000)
    far.respond('abcd1')
    await settle()
    expect(owner.told).toEqual(['timeout of the AUTH'])
  })

  it('may come before the end of the chunk that it answers', async () => {
    const { owner, connection, far } = setUp()
    const source = new TestSource('message1').give('begun')
    source.onBegin = (transactionId) => connection.expect(transactionId, 'the chunk')
    connection.addSource(source)
    await settle()
    const { transactionId } = source.begun[0]!
    far.respond(transactionId, 413)
    far.respond(transactionId, 413)
    await settle()
    expect(owner.told).toEqual(['413 to the chunk'])
  })

  it('after the end finds the chunk that was expected', async () => {
    const { owner, connection, far } = setUp()
    const source = TestSource.of('message1', 'whole')
    source.onBegin = (transactionId) => connection.expect(transactionId, 'the open chunk')
    connection.addSource(source)
    await settle()
    const { transactionId, position } = source.sent[0]!
    connection.remember(transactionId, 'the chunk', position)
    far.respond(transactionId, 413)
    far.respond(transactionId, 413)
    await settle()
    expect(owner.told).toEqual(['413 to the chunk'])
  })

  it('to a chunk that was expected, then forgotten, is dropped', async () => {
    const { owner, connection, far, clock } = setUp()
    connection.expect('abcd1', 'the open chunk')
    connection.remember('abcd1', 'the chunk', 0)
    connection.send(controlRequest('control1', 300))
    await settle()
    await clock.advance(60_000)
    owner.told.length = 0
    far.respond('abcd1')
    await settle()
    expect(owner.told).toEqual([])
  })

  it('is not waited for any more when the request is forgotten', async () => {
    const { owner, connection, far, clock } = setUp()
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'the AUTH')
    expect(connection.transactions.records()).toEqual(['the AUTH'])
    expect(connection.forget('abcd1')).toBe('the AUTH')
    await settle()
    far.respond('abcd1')
    await clock.advance(60_000)
    expect(owner.told).toEqual([])
  })
})

describe('the timers of requests', () => {
  it('stand still while any reason not to read holds', async () => {
    const { owner, connection, clock, pair } = setUp()
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'the AUTH')
    await settle()
    connection.pauseReading('one')
    connection.pauseReading('one')
    connection.pauseReading('two')
    connection.resumeReading('one')
    connection.resumeReading('never given')
    expect(connection.reading).toBe(false)
    expect(pair.left.paused).toBe(true)
    await clock.advance(600_000)
    expect(owner.told).toEqual([])
    connection.resumeReading('two')
    expect(connection.reading).toBe(true)
    expect(pair.left.paused).toBe(false)
    await clock.advance(30_000)
    expect(owner.told).toEqual(['timeout of the AUTH'])
  })

  it('stand still while the far side does not read, and begin when it took the request', async () => {
    const { owner, connection, clock, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    connection.addSource(TestSource.of('long', someBody(100_000)))
    await settle()
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'the AUTH')
    await clock.advance(600_000)
    expect(owner.told).toEqual([])
    pair.right.resume()
    await clock.advance(29_999)
    expect(owner.told).toEqual([])
    await clock.advance(1)
    expect(owner.told).toEqual(['timeout of the AUTH'])
  })
})

describe('what goes out', () => {
  it('is not sent with the id of a request that waits, or of a chunk that is open (RFC4975-7.1-1)', () => {
    const draws = [7, 7, 8, 7, 8, 9]
    const { connection } = setUp({ random: (size) => new Uint8Array(size).fill(draws.shift() ?? 0) })
    const first = connection.newTransactionId()
    connection.sendRequest(first, Buffer.from(requestText(first, 'AUTH')), 'the AUTH')
    const second = connection.newTransactionId()
    expect(second).not.toBe(first)
    connection.expect(second, 'the chunk')
    expect([first, second]).not.toContain(connection.newTransactionId())
  })

  it('may pile up for a far side that does not read its responses, but not without end', async () => {
    const { owner, connection, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    const response = controlRequest('control1', 10_000)
    for (let count = 0; connection.open && count < 1000; count++) {
      connection.send(response)
      await settle()
    }
    expect(owner.error?.code).toBe('limit-exceeded')
    expect(pair.left.closed).toBe(true)
  })

  it('may be megabytes at once for a far side that reads', async () => {
    const { owner, connection, far } = setUp({ capacity: 1000 })
    for (let count = 0; count < 300; count++) connection.send(controlRequest('control1', 10_000))
    await settle()
    expect(owner.error).toBeUndefined()
    expect(far.arrived).toHaveLength(300)
  })

  it('behind the responses goes as it is taken, however much it is; responses go first', async () => {
    const { connection, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    for (let count = 0; count < 500; count++) connection.queue(controlRequest('queued1', 10_000), { hold: false })
    await settle()
    expect(pair.left.bufferedBytes).toBeLessThan(300_000)
    expect(connection.waitingBytes).toBeGreaterThan(4_990_000)
    connection.send(controlRequest('control1', 300))
    pair.right.resume()
    await settle()
    expect(connection.open).toBe(true)
    expect(far.arrived).toHaveLength(501)
    expect(far.arrived.findIndex(({ transactionId }) => transactionId === 'control1')).toBeLessThan(30)
    expect(connection.outbox.queuedBytes).toBe(0)
  })

  it('behind the responses keeps the far side from being read when it is to, until it is taken', async () => {
    const { connection, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    for (let count = 0; count < 100; count++) connection.queue(controlRequest('queued1', 10_000), { hold: true })
    expect(connection.reading).toBe(true)
    for (let count = 0; count < 10; count++) connection.queue(controlRequest('queued1', 10_000), { hold: true })
    expect(connection.reading).toBe(false)
    pair.right.resume()
    await settle()
    expect(connection.reading).toBe(true)
  })

  it('behind the responses interrupts a message, and all of it is out before the end', async () => {
    const { connection, far, pair } = setUp({ capacity: 1000 })
    pair.right.pause()
    connection.addSource(TestSource.of('long', someBody(1_000_000)))
    await settle()
    for (let count = 0; count < 100; count++) connection.queue(controlRequest('queued1', 10_000), { hold: false })
    pair.right.resume()
    await settle()
    expect(far.arrived.map(({ what }) => what)).toEqual(['SEND', ...new Array(100).fill('REPORT'), 'SEND'])
    for (let count = 0; count < 100; count++) connection.queue(controlRequest('queued1', 10_000), { hold: false })
    connection.close()
    await settle()
    expect(far.arrived).toHaveLength(202)
    expect(far.closed).toBe(true)
  })

  it('behind the responses goes before the messages, and before the end', async () => {
    const { connection, far } = setUp({ capacity: 1000 })
    connection.addSource(TestSource.of('message1', 'whole'))
    for (let count = 0; count < 100; count++) connection.queue(controlRequest('queued1', 10_000), { hold: false })
    connection.close()
    await settle()
    expect(far.arrived.map(({ what }) => what)).toEqual([...new Array(100).fill('REPORT'), 'SEND'])
    expect(far.closed).toBe(true)
  })

  it('after close is what was queued before', async () => {
    const { owner, connection, far } = setUp()
    connection.addSource(TestSource.of('message1', 'whole'))
    connection.send(controlRequest('control1', 300))
    connection.close()
    connection.send(controlRequest('control2', 300))
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'too late')
    await settle()
    expect(far.arrived.map(({ transactionId }) => transactionId).includes('control2')).toBe(false)
    expect(far.arrived.map(({ what }) => what).sort()).toEqual(['REPORT', 'SEND'])
    expect(owner.error).toBeUndefined()
    expect(owner.unanswered).toEqual([])
  })
})

describe('a request to a connection', () => {
  it.each<[string, (connection: MsrpConnection<string>, far: FarSide) => void]>([
    ['that is being closed', (connection) => connection.close()],
    ['that has failed', (connection) => connection.fail(undefined)],
    ['that the far side has closed', (_, far) => far.transport.close()],
  ])('%s is told to have failed, at once and once', async (how, end) => {
    const { owner, connection, far, clock } = setUp()
    // What is not done keeps a connection open that is being closed.
    if (how === 'that is being closed') connection.addSource(new TestSource('message1').give('begun'))
    await settle()
    end(connection, far)
    if (how === 'that the far side has closed') await settle()
    owner.told.length = 0
    connection.sendRequest('abcd1', Buffer.from(requestText('abcd1', 'AUTH')), 'the AUTH')
    expect(owner.told).toEqual(['the AUTH was not sent'])
    expect(connection.transactions.size).toBe(0)
    await clock.advance(60_000)
    connection.fail(undefined)
    await settle()
    expect(owner.told.filter((told) => told.includes('AUTH'))).toEqual(['the AUTH was not sent'])
    expect(owner.unanswered).toEqual([])
  })
})

describe('the end of the connection', () => {
  it('is told once, with the requests that were never answered, oldest first', async () => {
    const { owner, connection, pair, clock } = setUp()
    for (const id of ['abcd1', 'abcd2', 'abcd3']) {
      connection.sendRequest(id, Buffer.from(requestText(id, 'AUTH')), id)
    }
    await settle()
    connection.forget('abcd2')
    pair.drop('pulled the plug')
    await settle()
    expect(owner.error?.code).toBe('connection-lost')
    expect(owner.unanswered).toEqual(['abcd1', 'abcd3'])
    expect(connection.open).toBe(false)
    connection.close()
    connection.fail(undefined)
    connection.pauseReading('late')
    connection.send(controlRequest('control1', 300))
    await settle()
    expect(clock.pending).toBe(0)
    expect(owner.told).toEqual(['closed'])
  })

  it('by our own doing has our reason, and asks no source for more', async () => {
    const { owner, connection, far } = setUp()
    const source = TestSource.of('message1', 'whole')
    connection.addSource(source)
    const reason = { code: 'timeout' } as MsrpError
    connection.fail(reason)
    connection.fail(undefined)
    await settle()
    expect(owner.error).toBe(reason)
    expect(source.begun).toEqual([])
    expect(source.gone).toEqual({ open: undefined })
    expect(far.arrived).toEqual([])
  })

  it('while reading is paused still comes when the far side closes after we read on', async () => {
    const { owner, connection, far } = setUp()
    connection.pauseReading('slow')
    far.request('abcd1', 'SEND', 'last words')
    far.transport.close()
    await settle()
    expect(owner.told).toEqual([])
    connection.resumeReading('slow')
    await settle()
    expect(owner.told).toEqual(['SEND abcd1', 'end $', 'closed'])
  })
})

describe('an observer', () => {
  it('sees heads without end-lines and bodies, and ends with the size of the body, both ways', async () => {
    const seen: string[] = []
    const observer = observeText({
      head: (direction, text) => seen.push(`${direction} ${text.split('\r\n')[0]} … ${JSON.stringify(text.slice(-5))}`),
      end: (direction, transactionId, flag, bodyBytes) =>
        seen.push(`${direction} ${transactionId}${flag} ${bodyBytes}`),
    })
    const { connection, far } = setUp({ observer })
    connection.addSource(new TestSource('message1').give('Hello', '+'))
    connection.send(Buffer.from(requestText('abcd1', 'AUTH')))
    connection.send(Buffer.from(requestText('abcd2', 'NICKNAME', 'a body -------abcd2$')))
    far.respond('abcd1', 200)
    far.request('abcd3', 'SEND', 'Hello back')
    await settle()
    expect(seen.sort()).toEqual(
      [
        'in MSRP abcd1 200 … "tcp\\r\\n"',
        'in abcd1$ 0',
        'in MSRP abcd3 SEND … "ain\\r\\n"',
        'in abcd3$ 10',
        'out MSRP abcd1 AUTH … "tcp\\r\\n"',
        'out abcd1$ 0',
        'out MSRP abcd2 NICKNAME … "ain\\r\\n"',
        'out abcd2$ 20',
        'out MSRP aaaaaaaaaaaaaaaa SEND … "ain\\r\\n"',
        'out aaaaaaaaaaaaaaaa+ 5',
      ].sort(),
    )
  })

  it.each([
    ['Authorization: Digest username="alice", response="secret", cnonce=secret, nc=00000001', 'alice'],
    ['AUTHORIZATION: Digest response = "secret" , realm="example.com"', 'example.com'],
    ['Authentication-Info: rspauth="secret", nextnonce="n1"', 'n1'],
  ])('has its text masked before it is shown: %s', (line, kept) => {
    const masked = maskCredentials(`MSRP abcd1 AUTH\r\n${line}\r\nX: response=this stays\r\n`)
    expect(masked).not.toContain('secret')
    expect(masked).toContain(kept)
    expect(masked).toContain('response=this stays')
  })
})

describe('activity', () => {
  it('is noted for what comes and for what goes', async () => {
    const { connection, clock, far } = setUp()
    const start = connection.lastActivity
    await clock.advance(1000)
    far.request('abcd1', 'SEND')
    await settle()
    expect(connection.lastActivity).toBe(start + 1000)
    await clock.advance(1000)
    connection.send(controlRequest('control1', 300))
    await settle()
    expect(connection.lastActivity).toBe(start + 2000)
  })
})
