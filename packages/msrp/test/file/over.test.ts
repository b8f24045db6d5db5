import { afterEach, describe, expect, test } from 'vitest'
import {
  FILE_CAPABILITY,
  type LocalFile,
  type OfferedFile,
  parseFileDescription,
  type ReceiveTransfer,
  type SendTransfer,
  type SendTransferOptions,
  selectorOf,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash } from '../../src/node/index.ts'
import { SessionDescription } from '../../src/sdp/index.ts'
import { RawPeer, settled } from '../session/raw-peer.ts'
import { failure } from '../session/stage.ts'
import { bytes, Call, lines } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

let call: Call
afterEach(() => call.close())

interface UnderWay {
  sending: SendTransfer
  receiving: ReceiveTransfer
  target: MemoryTarget
  file: LocalFile
  offers: OfferedFile[]
  asked: string[]
}

/** A transfer from Alice to Bob of which one half is there; the other never comes. `pull`: Bob has asked for it. */
async function underWay({ pull = false, send = {} as SendTransferOptions } = {}): Promise<UnderWay> {
  const hashed = await withHashes({ body: bytes, name: 'a.bin', type: 'application/x' }, { createHash: fileHash })
  const read = async (position: number, length: number): Promise<Uint8Array> => {
    if (position >= 100_000) await new Promise(() => {})
    return bytes.slice(position, Math.min(position + length, 100_000))
  }
  const file = { ...hashed, body: { size: bytes.length, read } }
  const target = new MemoryTarget()
  const begun = Promise.withResolvers<void>()
  const onProgress = (progress: { bytes: number }): void => void (progress.bytes > 0 && begun.resolve())
  const offers: OfferedFile[] = []
  const asked: string[] = []
  let receiving: ReceiveTransfer | undefined
  let sending: SendTransfer | undefined
  call = new Call({
    alice: {
      onRequested: async (request) => {
        asked.push(request.description.transferId ?? '')
        sending = await request.give(file, send)
      },
    },
    bob: {
      onOffered: (offer) => {
        offers.push(offer)
        receiving = offer.take(offers.length === 1 ? target : new MemoryTarget(), { onProgress })
      },
    },
  })
  if (pull) receiving = call.bob.files.request(call.bob.negotiation, selectorOf(file), target, { onProgress })
  else sending = await call.alice.files.offer(call.alice.negotiation, file, send)
  await call.exchange(pull ? call.bob : call.alice)
  await begun.promise
  await settled()
  return { sending: sending!, receiving: receiving!, target, file, offers, asked }
}

describe('the same description again', () => {
  test.each([
    ['to send', false],
    ['to receive', true],
  ])(
    'is the same transfer, which goes on and about which nobody is asked: a file %s (RFC5547-8.1-6, RFC5547-8.3.2-1, RFC5547-8.3.2-3)',
    async (_, pull) => {
      const { sending, receiving, offers, asked } = await underWay({ pull })
      const [side] = pull ? [call.bob] : [call.alice]
      const { offer, answer } = await call.exchange(side)
      expect(lines(answer, 'file-transfer-id')).toEqual(lines(offer, 'file-transfer-id'))
      expect(offers.length + asked.length).toBe(1)
      expect([sending.state, receiving.state]).toEqual(['transferring', 'transferring'])
    },
  )

  test('may say more of the file (RFC5547-8.1-11)', async () => {
    const { sending } = await underWay()
    const more = (offer: string): string => offer.replace(/(a=file-selector:.*)/, '$1 hash:sha-512:AB')
    await call.exchange(call.alice, { offer: more })
    expect(sending.state).toBe('transferring')
  })

  test('may call the same file, by its hash, something else', async () => {
    const { sending } = await underWay()
    const renamed = (offer: string): string => offer.replace('name:"a.bin"', 'name:"a (1).bin"')
    await call.exchange(call.alice, { offer: renamed })
    expect(sending.state).toBe('transferring')
  })

  test('from the other side keeps id and selector, too (RFC5547-8.1-1, RFC5547-8.1-3)', async () => {
    const { sending } = await underWay()
    const first = call.alice.written[0]!
    const { offer, answer } = await call.exchange(call.bob)
    for (const text of [offer, answer]) {
      expect(lines(text, 'file-transfer-id', 'file-selector')).toEqual(
        lines(first, 'file-transfer-id', 'file-selector'),
      )
    }
    expect(sending.state).toBe('transferring')
  })

  test('from another path leaves the transfer on its session, and nothing is taken on the new one', async () => {
    const { receiving } = await underWay()
    const path = 'msrp://elsewhere.example:9/other;tcp'
    const moved = (offer: string): string =>
      offer.replace(/a=path:.*/, `a=path:${path}`).replace(/a=setup:.*/, 'a=setup:active')
    const { answer } = await call.exchange(call.alice, { offer: moved })
    const own = lines(answer, 'path')[0]!.slice('a=path:'.length)
    const peer = new RawPeer(call.bob.platform.arrive(Number(/:(\d+)\//.exec(own)?.[1])), own, path)
    expect(await peer.response(peer.send())).toMatchObject({ status: 200 })
    const more = { messageId: 'notth1s0', body: 'hello' }
    peer.send({ ...more, range: '1-5/10', flag: '+' })
    await settled()
    expect(await peer.response(peer.send({ ...more, range: '6-10/10' }))).toMatchObject({ status: 403 })
    expect(receiving.state).toBe('transferring')
  })

  test('with another file is an error that ends the transfer (RFC5547-8.1-10)', async () => {
    const { sending, receiving, offers } = await underWay()
    const other = (offer: string): string => offer.replace('size:200000', 'size:200001')
    const { answer } = await call.exchange(call.alice, { offer: other })
    expect(lines(answer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(await failure(receiving.done)).toBeInstanceOf(Error)
    expect(await failure(sending.done)).toBeInstanceOf(Error)
    expect(offers).toHaveLength(1)
  })

  test('after the end of the transfer starts nothing', async () => {
    const { sending, offers } = await underWay()
    sending.abort()
    await failure(sending.done)
    await call.exchange()
    const repeated = call.alice.written[0]!.replace(/^o=(\S+ \S+) \d+/m, 'o=$1 99')
    const answer = await call.bob.negotiation.answer(repeated)
    expect(lines(answer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(answer, 'file-transfer-id')).toEqual(lines(repeated, 'file-transfer-id'))
    expect(offers).toHaveLength(1)
  })
})

describe('another id on the same m-line', () => {
  test('ends the transfer and begins a new one (RFC5547-8.1-9, RFC5547-8.6-1)', async () => {
    const { receiving, offers, target } = await underWay()
    const id = 'abcdefghijklmnopqrstuvwxyz234567'
    const restarted = call.alice.written[0]!.replace(/a=file-transfer-id:.*/, `a=file-transfer-id:${id}`).replace(
      /^o=(\S+ \S+) \d+/m,
      'o=$1 99',
    )
    const answer = await call.bob.negotiation.answer(restarted)
    expect(lines(answer, 'file-transfer-id')).toEqual([`a=file-transfer-id:${id}`])
    expect(await failure(receiving.done)).toMatchObject({ code: 'aborted' })
    expect(target.state).toBe('suspended')
    expect(offers).toHaveLength(2)
  })
})

describe('a transfer is given up', () => {
  test('by the sender: its message ends with #, then its port is 0 (RFC5547-8.4-1, RFC5547-8.4-2)', async () => {
    const { sending, receiving, target } = await underWay()
    sending.abort()
    expect(await failure(sending.done)).toMatchObject({ code: 'aborted', message: 'The transfer was aborted here' })
    // What the receiver hears is the #: see the text of the error.
    expect(await failure(receiving.done)).toMatchObject({ code: 'aborted', message: expect.stringMatching(/sender/) })
    expect(target.state).toBe('suspended')
    await settled()
    expect(call.alice.due).toEqual([sending])
    expect(lines((await call.exchange()).offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
  })

  test.each([
    ['a sender that offered (RFC5547-8.1-12, RFC5547-8.4-3, RFC5547-8.4-4)', false, 'alice'],
    ['a receiver that asked (RFC5547-8.4-7, RFC5547-8.4-8)', true, 'bob'],
    ['a receiver that was asked (RFC5547-8.4-6)', false, 'bob'],
  ] as const)('and the offer that says so has id, selector and direction as before: %s', async (_, pull, who) => {
    const { sending, receiving } = await underWay({ pull })
    const transfer = who === 'alice' ? sending : receiving
    transfer.abort()
    await failure(transfer.done)
    await settled()
    const side = call[who]
    const before = side.written.at(-1)!
    const { offer, answer } = await call.exchange(side)
    const kept = ['file-selector', 'file-transfer-id', 'sendonly', 'recvonly']
    expect(lines(offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(offer, ...kept).toSorted()).toEqual(lines(before, ...kept).toSorted())
    expect(lines(answer, 'm', 'file-transfer-id')).toEqual(lines(offer, 'm', 'file-transfer-id'))
  })

  test('by the receiver: 413, then its port is 0 and nothing stays (RFC5547-8.4-6)', async () => {
    const { sending, receiving, target } = await underWay()
    receiving.abort()
    expect(await failure(sending.done)).toMatchObject({ status: 413 })
    expect(await failure(receiving.done)).toMatchObject({ message: 'The transfer was aborted here' })
    expect(target.state).toBe('discarded')
    await settled()
    expect(call.bob.due).toEqual([receiving])
  })

  test('by a receiver that wants no answers sent: the session ends, then its port is 0 (RFC5547-8.4-9, RFC5547-8.4-10, RFC5547-8.4-11)', async () => {
    const { sending, receiving } = await underWay({ pull: true, send: { failureReport: 'no', successReport: false } })
    const before = call.bob.written.at(-1)!
    receiving.abort()
    await failure(receiving.done)
    expect(await failure(sending.done)).toBeInstanceOf(Error)
    const { offer } = await call.exchange(call.bob)
    expect(lines(offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    const kept = ['file-selector', 'file-transfer-id', 'recvonly']
    expect(lines(offer, ...kept).toSorted()).toEqual(lines(before, ...kept).toSorted())
  })

  test('by a receiver that wants to go on later: what is there stays', async () => {
    const { sending, receiving, target } = await underWay()
    expect(sending.confirmed).toBe(0)
    receiving.suspend()
    await failure(receiving.done)
    expect(await failure(sending.done)).toMatchObject({ status: 413 })
    expect(target.state).toBe('suspended')
    // REPORTs come once a second, but the one of what is there comes before the refusal.
    expect(sending.confirmed).toBe(target.bytes.length - 1)
  })

  test.each([
    ['the sender, who ends its message (RFC5547-8.4-12)', 'alice'],
    ['the receiver, who keeps what is there (RFC5547-8.4-5)', 'bob'],
  ] as const)('by port 0 in an offer to %s', async (_, to) => {
    const { sending, receiving, target } = await underWay()
    const from = to === 'alice' ? call.bob : call.alice
    const [medium] = from.negotiation.media
    const own = from.written.at(-1)!
    medium!.remove(medium!.wishes.attributes)
    const { offer, answer } = await call.exchange(from)
    expect(lines(offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(answer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(answer, 'file-selector', 'file-transfer-id')).toEqual(lines(own, 'file-selector', 'file-transfer-id'))
    await Promise.all([failure(sending.done), failure(receiving.done)])
    expect(target.state).toBe('suspended')
    expect(call[to].due).toEqual([])
  })

  test('before there is a session', async () => {
    const target = new MemoryTarget()
    call = new Call()
    const receiving = call.bob.files.request(call.bob.negotiation, { name: 'a' }, target)
    const sending = await call.alice.files.offer(call.alice.negotiation, { body: 'x' })
    receiving.abort()
    sending.abort()
    expect(await failure(receiving.done)).toMatchObject({ code: 'aborted' })
    expect(await failure(sending.done)).toMatchObject({ code: 'aborted' })
    expect([receiving.state, sending.state]).toEqual(['over', 'over'])
    expect(target.state).toBe('discarded')
  })
})

describe('a file that has arrived', () => {
  async function arrived(pull: boolean): Promise<{ sending: SendTransfer; receiving: ReceiveTransfer }> {
    let receiving: ReceiveTransfer | undefined
    let sending: SendTransfer | undefined
    const file = { body: 'hello', name: 'a.txt', type: 'text/plain' }
    call = new Call({
      alice: {
        onRequested: async (request) => {
          sending = await request.give(file)
        },
      },
      bob: {
        onOffered: (offer) => {
          receiving = offer.take(new MemoryTarget())
        },
      },
    })
    if (pull) receiving = call.bob.files.request(call.bob.negotiation, { name: 'a.txt' }, new MemoryTarget())
    else sending = await call.alice.files.offer(call.alice.negotiation, file)
    await call.exchange(pull ? call.bob : call.alice)
    await sending!.done
    await receiving!.done
    return { sending: sending!, receiving: receiving! }
  }

  test.each([
    ['offered', false],
    ['asked for', true],
  ])(
    'has its session closed by the sender, who says so in the next offer; it was %s (RFC5547-8.7-11)',
    async (_, pull) => {
      const { sending } = await arrived(pull)
      const session = await call.alice.negotiation.media[0]!.session
      expect(await session.closed).toMatchObject({ by: 'local' })
      await settled()
      expect(call.alice.due).toEqual([sending])
      expect(call.bob.due).toEqual([])
      expect(lines((await call.exchange()).offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    },
  )

  test("has port 0 in the receiver's next offer, too, with the same id (RFC5547-8.1-12)", async () => {
    await arrived(false)
    const { offer } = await call.exchange(call.bob)
    expect(lines(offer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(offer, 'file-transfer-id')).toEqual(lines(call.alice.written[0]!, 'file-transfer-id'))
  })

  test('has its session closed by the receiver when the sender leaves it open for 10 s', async () => {
    const target = new MemoryTarget()
    let receiving: ReceiveTransfer | undefined
    const onOffered = (offer: OfferedFile): void => {
      receiving = offer.take(target)
    }
    call = new Call({ bob: { onOffered } })
    const sending = await call.alice.files.offer(call.alice.negotiation, { body: 'hello' })
    const [medium] = call.alice.negotiation.media
    void medium!.session.then((session) => Object.assign(session, { close: async () => {} }))
    await call.exchange()
    await sending.done
    await receiving!.done
    const session = await call.bob.negotiation.media[0]!.session
    await settled()
    call.bob.platform.clock.advance(9_999)
    await settled()
    expect(session.state).toBe('open')
    call.bob.platform.clock.advance(1)
    expect((await session.closed).by).toBe('local')
  })
})

describe('every offer and answer has the id and the selector of each file, however it went', () => {
  const chat = { listen: {}, acceptTypes: ['text/plain'] }
  const file = { body: 'hello', name: 'a.txt', type: 'text/plain' }

  /** What the descriptions say of the file, which is the second m-line. */
  const said = (...texts: string[]): string[][] =>
    texts.map((text) => lines(text.slice(text.lastIndexOf('m=')), 'm', 'file-transfer-id', 'file-selector'))
  const refused = 'm=message 0 TCP/MSRP *'

  test.each<[string, boolean, aborted: 'sending' | 'receiving' | undefined]>([
    ['refused', false, undefined],
    ['taken, and is through', true, undefined],
    ['taken, and given up by the sender', true, 'sending'],
    ['taken, and given up by the receiver', true, 'receiving'],
  ])('that was offered and %s (RFC5547-8.1-1, RFC5547-8.1-3, RFC5547-8.1-12)', async (_, takes, aborted) => {
    let receiving: ReceiveTransfer | undefined
    const onOffered = (offer: OfferedFile): void => {
      if (takes) receiving = offer.take(new MemoryTarget())
    }
    call = new Call({ alice: { wishes: [chat] }, bob: { wishes: [chat], onOffered } })
    await call.exchange()
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    const first = await call.exchange()
    const kept = lines(first.offer, 'file-selector', 'file-transfer-id')
    expect(kept).toHaveLength(2)
    expect(said(first.offer, first.answer).map((all) => all.slice(1))).toEqual([kept, kept])
    const transfers = { sending, receiving }
    // The session of a transfer that was given up may share its connection, so that only the next offer tells of its end.
    if (aborted !== undefined) transfers[aborted]?.abort()
    const over = aborted === undefined ? [sending, receiving] : [transfers[aborted]]
    await Promise.allSettled(over.map((transfer) => transfer?.done))
    await settled()
    // For other reasons, from either side.
    for (const side of [call.alice, call.bob, call.alice, call.bob]) {
      const { offer, answer } = await call.exchange(side)
      expect(said(offer, answer)).toEqual([
        [refused, ...kept],
        [refused, ...kept],
      ])
    }
  })
})

describe('after a failure one side is to offer port 0, and the other waits 10 s for that', () => {
  const lose = async (): Promise<void> => {
    ;(await call.alice.negotiation.media[0]!.session).drop()
  }
  test.each<[string, (transfers: UnderWay) => unknown, 'alice' | 'bob']>([
    ['the session was lost: the sender', lose, 'alice'],
    ['the sender gave it up: the sender', ({ sending }) => sending.abort(), 'alice'],
    ['the receiver gave it up: the receiver', ({ receiving }) => receiving.abort(), 'bob'],
    ['the receiver put it off: the receiver', ({ receiving }) => receiving.suspend(), 'bob'],
  ])('%s', async (_, fail, first) => {
    const transfers = await underWay()
    const { sending, receiving } = transfers
    const [offering, waiting] = first === 'alice' ? [call.alice, call.bob] : [call.bob, call.alice]
    await fail(transfers)
    await Promise.allSettled([sending.done, receiving.done])
    await settled()
    const { clock } = call.bob.platform
    clock.advance(9_999)
    await settled()
    expect([offering.due.length, waiting.due.length]).toEqual([1, 0])
    clock.advance(1)
    await settled()
    expect(waiting.due).toHaveLength(1)
  })

  test('and hears nothing more of it when that has come', async () => {
    const { sending, receiving } = await underWay()
    await lose()
    await Promise.allSettled([sending.done, receiving.done])
    await settled()
    await call.exchange()
    const { clock } = call.bob.platform
    clock.advance(20_000)
    await settled()
    expect([call.alice.due, call.bob.due]).toEqual([[sending], []])
  })
})

describe('what an application hears of a file’s medium', () => {
  test('takes nothing from the transfer, and ends when it wants', async () => {
    const { sending, receiving } = await underWay()
    const [medium] = call.alice.negotiation.media
    const ports: number[] = []
    medium!.onRemote(({ port }) => ports.push(port))
    medium!.onRemote(({ port }) => ports.push(port))()
    receiving.abort()
    await failure(receiving.done)
    await settled()
    await call.exchange(call.bob)
    expect(ports).toEqual([0])
    expect(await failure(sending.done)).toBeInstanceOf(Error)
    expect(sending.state).toBe('over')
  })
})

describe('that files are understood', () => {
  const section = (attributes: string): string =>
    `v=0\r\no=- 1 1 IN IP4 a.example\r\ns=-\r\nc=IN IP4 a.example\r\nt=0 0\r\nm=message 7654 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://a.example:7654/x;tcp\r\n${attributes}`

  test('is said by file-selector without a selector, and nothing else (RFC5547-6-1, RFC5547-8.5-1, RFC5547-8.5-2)', async () => {
    call = new Call({ alice: { wishes: [{ listen: {}, attributes: [FILE_CAPABILITY] }] } })
    const offer = await call.alice.negotiation.offer()
    expect(offer.match(/^a=file-.*$/gm)).toEqual(['a=file-selector'])
  })

  test('and is no file: the line is a chat like any other (RFC5547-8.5-3)', () => {
    call = new Call()
    const read = (attributes: string) => parseFileDescription(SessionDescription.parse(section(attributes)).message(0)!)
    expect(read('a=file-selector\r\n')).toBeUndefined()
    expect(read('a=file-selector:\r\n')).toBeUndefined()
    expect(read('a=file-selector:size:5\r\n')).toEqual({ selector: { size: 5 } })
  })

  test.each([
    'a=file-selector:size:many',
    'a=file-selector:size:1\r\na=file-transfer-id:a b',
    'a=file-selector:size:1\r\na=file-range:0-5',
  ])('does not help where a description is wrong: %s', async (wrong) => {
    const offers: OfferedFile[] = []
    call = new Call({ bob: { onOffered: (offer) => void offers.push(offer), wishes: [{ listen: {} }] } })
    await expect(call.bob.negotiation.answer(section(`a=sendonly\r\n${wrong}\r\n`))).rejects.toMatchObject({
      code: 'not-acceptable',
      message: expect.stringMatching(/file-(selector|transfer-id|range): /),
    })
    expect(offers).toEqual([])
  })
})
