import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Endpoint as BrowserEndpoint } from '../../src/browser/index.ts'
import { Endpoint } from '../../src/index.ts'
import { Negotiation, type Preparing } from '../../src/sdp/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { failure, stateOf } from '../session/stage.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { samples } from './descriptions.ts'
import { portsOf, start } from './negotiations.ts'
import { attributeOf, listen, peerText, relay } from './stub-endpoint.ts'

describe('A negotiation', () => {
  test('gives the same session for the same answer, as SIP brings it in 183 and 200', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const session1 = await negotiation.accept(peerText({ setup: 'passive' }))
    expect(await negotiation.accept(peerText({ setup: 'passive' }))).toBe(session1)
    expect(endpoint.completions).toHaveLength(1)
  })

  test('says when both have made an offer, and lets one be taken back', async () => {
    const { negotiation } = start()
    const ours = await negotiation.offer()
    expect(await failure(negotiation.answer(peerText()))).toMatchObject({ code: 'glare' })
    expect(negotiation.media[0]).toMatchObject({ index: 0, state: 'offered' })
    negotiation.rollback()
    expect(negotiation.media[0]).toMatchObject({ index: undefined, state: 'new' })
    expect(portsOf(await negotiation.answer(peerText()))).toEqual([5000])
    expect(ours).toContain('a1;tcp')
  })

  test('makes an offer again that got no answer, the same one', async () => {
    const { endpoint, negotiation } = start()
    const first = await negotiation.offer()
    expect(await negotiation.offer()).toBe(first)
    expect(endpoint.prepared).toHaveLength(1)
    expect(negotiation.media).toHaveLength(1)
  })

  test('takes no answer without an offer, nor one of another shape', async () => {
    const { negotiation } = start([{ listen }, { listen }])
    expect(await failure(negotiation.accept(peerText()))).toMatchObject({ code: 'invalid-argument' })
    await negotiation.offer()
    expect(await failure(negotiation.accept(peerText()))).toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/1 m-lines.*2/),
    })
    const wrong = `${peerText()}m=audio 0 RTP/AVP 0\r\n`
    expect(await failure(negotiation.accept(wrong))).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('line 9'),
    })
  })

  test('is not changed by an answer that is wrong', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const wrong = peerText().replace('a=path', 'a=puth')
    expect(await failure(negotiation.accept(wrong))).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('a=path'),
    })
    await negotiation.accept(peerText({ setup: 'passive' }))
    expect(endpoint.completions).toHaveLength(1)
  })

  test('without media has nothing to offer', async () => {
    expect(await failure(start([]).negotiation.offer())).toMatchObject({ code: 'invalid-argument' })
  })

  test('makes offers later although it began with an answer', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(peerText({ setup: 'actpass' }))
    const offer = await negotiation.offer()
    expect(attributeOf(offer, 'path')).toBe(attributeOf(answer, 'path'))
    expect(attributeOf(offer, 'setup')).toBe('actpass')
    const before = await negotiation.session
    expect(await negotiation.accept(peerText({ setup: 'active' }))).toBe(before)
  })

  test('connects again when the offerer has not read the answer yet', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    const tooEarly = new MsrpError('refused', 'There is no such session', { status: 481 })
    endpoint.completions[0]?.fail(tooEarly)
    await settle()
    expect(endpoint.completions).toHaveLength(1)
    await clock.advance(100)
    expect(endpoint.completions).toHaveLength(2)
    endpoint.completions[1]?.open()
    expect((await negotiation.session).remotePath).toBe('msrp://198.51.100.7:6000/peer1;tcp')
  })

  test('goes on trying for as long as the answer may take to be carried', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock, patience: 60_000 })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    for (let at = 0; at < 20; at++) {
      endpoint.completions[at]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
      await settle()
      await clock.advance(3200)
    }
    expect(endpoint.completions).toHaveLength(21)
    endpoint.completions[20]?.open()
    await negotiation.session
  })

  test('and behind a relay, where the refusal comes after the session seemed to be open', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock, patience: 60_000 })
    const path = 'msrps://relay.example:2855/t1;tcp msrps://peer.invalid:2855/peer1;tcp'
    await negotiation.answer(peerText({ setup: 'actpass', path, protocol: 'TCP/TLS/MSRP' }))
    await settle()
    endpoint.completions[0]?.session.end('failure', new MsrpError('refused', 'There is none', { status: 481 }))
    await settle()
    await clock.advance(100)
    expect(endpoint.completions).toHaveLength(2)
    await clock.advance(1000)
    expect(await negotiation.session).toBe(endpoint.completions[1]?.session)
  })

  test('that is closed connects no more', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    endpoint.completions[0]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
    await settle()
    expect(clock.pending).toBe(1)
    await negotiation.close()
    await settle()
    expect(clock.pending).toBe(0)
    expect(endpoint.completions).toHaveLength(1)
  })

  test('waits with connecting until the peer has the answer, if told when', async () => {
    const { endpoint, negotiation } = start({})
    const acknowledged = Promise.withResolvers<void>()
    await negotiation.answer(peerText({ setup: 'actpass' }), { connectAfter: acknowledged.promise })
    await settle()
    expect(endpoint.completions).toEqual([])
    acknowledged.resolve()
    await negotiation.session
    expect(endpoint.completions).toHaveLength(1)
  })

  test('does not wait with waiting', async () => {
    const { endpoint, negotiation } = start({ listen })
    await negotiation.answer(peerText({ setup: 'active' }), { connectAfter: new Promise(() => {}) })
    await negotiation.session
    expect(endpoint.completions).toHaveLength(1)
  })

  test('takes the endpoints of Node and of browsers', async () => {
    const endpoints: Preparing[] = [new Endpoint(), new BrowserEndpoint()]
    for (const endpoint of endpoints) {
      const negotiation = new Negotiation(endpoint, { relay: { uri: 'no:relay' } })
      expect(await failure(negotiation.offer())).toMatchObject({ code: 'invalid-argument' })
    }
  })

  test('tells in the end that nobody knows the session', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    for (let at = 0; at < 7; at++) {
      endpoint.completions[at]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
      await settle()
      await clock.advance(4000)
    }
    expect(await failure(negotiation.session)).toMatchObject({ status: 481 })
    expect(endpoint.completions).toHaveLength(7)
  })

  test('ends its sessions and gives up its paths when it is closed', async () => {
    const { endpoint, negotiation } = start({ relay })
    await negotiation.offer()
    const open = await negotiation.accept(peerText({ setup: 'passive' }))
    await negotiation.close()
    expect([open.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', true])
    for (const call of [negotiation.offer(), negotiation.accept(''), negotiation.answer('')]) {
      expect(await failure(call)).toMatchObject({ code: 'closed' })
    }
  })

  test('that is closed while a path is being made gives that one up too', async () => {
    const { endpoint, negotiation } = start()
    const offering = failure(negotiation.offer())
    await negotiation.close()
    expect(await offering).toMatchObject({ code: 'closed' })
    expect(endpoint.prepared.map(({ isClosed }) => isClosed)).toEqual([true])
  })

  test('that waits for a peer gives up when it is closed', async () => {
    const { endpoint, negotiation } = start()
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'active' }))
    const { session: waiting } = negotiation
    expect(await stateOf(waiting)).toBe('pending')
    await negotiation.close()
    expect(await failure(waiting)).toMatchObject({ code: 'closed' })
    expect(endpoint.completions[0]?.options.signal?.aborted).toBe(true)
  })

  test('gives up when its signal says so', async () => {
    const controller = new AbortController()
    const { endpoint, negotiation } = start({ listen }, { signal: controller.signal })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'active' }))
    controller.abort(new Error('enough'))
    expect(await failure(negotiation.session)).toMatchObject({ code: 'aborted' })
  })
})

test('Whatever comes as offer or answer, it is answered, or fails with an error of its own', async () => {
  const change = fc.record({
    at: fc.nat(),
    length: fc.nat({ max: 20 }),
    by: fc.oneof(fc.string(), fc.constantFrom('\r\n', ':', ' ', 'm=message 1 TCP/MSRP *\r\n')),
  })
  const changed = fc.tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 4 })).map(([{ text }, changes]) =>
    changes.reduce((now, { at, length, by }) => {
      const from = at % (now.length + 1)
      return now.slice(0, from) + by + now.slice(from + length)
    }, text),
  )
  const noError = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call
    } catch (error) {
      expect(error).toBeInstanceOf(MsrpError)
    }
  }
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      await noError(start({ listen, cema: true }).negotiation.answer(text))
      const { negotiation } = start([{ relay }, { listen }])
      await negotiation.offer()
      await noError(negotiation.accept(text))
      await negotiation.close()
    }),
    { numRuns: 200 },
  )
})
