import { describe, expect, test } from 'vitest'
import { Endpoint, type IncomingMessage } from '../../src/index.ts'
import { ResumingSession } from '../../src/resuming/index.ts'
import {
  type CarryOffer,
  type MediaWishes,
  Negotiation,
  type NegotiationOptions,
  nextByOffer,
  reoffer,
} from '../../src/sdp/index.ts'
import type { Session } from '../../src/session/api.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { failure, pattern, stateOf } from '../session/stage.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

/** One side of a call between two user agents, which carry offers as SIP does. */
interface Side {
  endpoint: StubEndpoint
  negotiation: Negotiation
  /** To the other side, which refuses with 491 while an offer of its own is out. */
  carry: CarryOffer
  /** How many offers it has sent. */
  sent: number
}

/** Bytes of which the first decide how long a wait is: 0 for the shortest, 255 for the longest. */
const sameBytes =
  (value: number) =>
  (size: number): Uint8Array =>
    new Uint8Array(size).fill(value)

function call(
  wishes: MediaWishes | readonly MediaWishes[] = { listen },
  options: { alice?: NegotiationOptions; bob?: NegotiationOptions } = {},
): { alice: Side; bob: Side; clock: FakeClock } {
  const side = (name: string, more: NegotiationOptions = {}): Side => {
    const endpoint = new StubEndpoint(name)
    return { endpoint, negotiation: new Negotiation(endpoint, wishes, more), carry: async () => '', sent: 0 }
  }
  const [alice, bob] = [side('a', options.alice), side('b', options.bob)]
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    from.carry = async (offer) => {
      from.sent++
      // The INVITEs of both may be on their way at the same time, and so may what answers them.
      await settle()
      const answering = to.negotiation.answer(offer)
      await Promise.allSettled([answering])
      await settle()
      return answering
    }
  }
  return { alice, bob, clock: new FakeClock() }
}

/** What is carried has arrived, too. */
async function arrived(): Promise<void> {
  for (let times = 0; times < 4; times++) await settle()
}

async function begun(...parameters: Parameters<typeof call>): Promise<ReturnType<typeof call>> {
  const both = call(...parameters)
  await reoffer(both.alice.negotiation, both.alice.carry)
  await both.bob.negotiation.session
  both.alice.sent = 0
  return both
}

/** The relay hands out another path to a side. */
function changePath({ endpoint }: Side): string {
  const prepared = endpoint.prepared.at(-1)
  const path = `msrps://relay.${endpoint.name}.example:2855/next;tcp msrps://${endpoint.name}.invalid:2855/1;tcp`
  if (prepared !== undefined) prepared.localPath = path
  prepared?.onPathChanged?.({ localPath: path, oldExpiresIn: 10_000 })
  return path
}

function lose({ endpoint }: Side): void {
  for (const { session } of endpoint.completions) session.end('failure')
}

describe('An offer that is due', () => {
  test('is so while something is to be told, until it is agreed', async () => {
    const { alice, bob } = call({ relay })
    const { negotiation } = alice
    expect([negotiation.offerDue, negotiation.role]).toEqual([true, undefined])
    await reoffer(negotiation, alice.carry)
    const due = (): boolean => negotiation.offerDue
    expect([due(), negotiation.role, bob.negotiation.role]).toEqual([false, 'offerer', 'answerer'])
    negotiation.hold()
    expect(due()).toBe(true)
    await negotiation.offer()
    negotiation.rollback()
    expect(due()).toBe(true)
    await reoffer(negotiation, alice.carry)
    expect(due()).toBe(false)
    changePath(alice)
    expect(due()).toBe(true)
    await reoffer(bob.negotiation, bob.carry)
    expect(due()).toBe(false)
    negotiation.media[0]?.remove()
    expect(due()).toBe(true)
    await reoffer(negotiation, alice.carry)
    expect(due()).toBe(false)
  })

  test('at both sides at once is made by one of them, which waits for less time (RFC 3261 §14.1)', async () => {
    const { alice, bob, clock } = await begun({ relay })
    const paths = [changePath(alice), changePath(bob)]
    const random = sameBytes(0)
    const offers = [alice, bob].map((side) => reoffer(side.negotiation, side.carry, { clock, random }))
    await arrived()
    expect([alice.sent, bob.sent, alice.negotiation.busy, bob.negotiation.busy]).toEqual([1, 1, false, false])
    expect(clock.pending).toBe(2)
    await clock.advance(0)
    await Promise.all(offers)
    expect([alice.sent, bob.sent, clock.pending]).toEqual([1, 2, 0])
    const [atAlice, atBob] = await Promise.all([alice.negotiation.session, bob.negotiation.session])
    expect([atAlice.localPath, atBob.localPath]).toEqual(paths)
    expect([atAlice.remotePath, atBob.remotePath]).toEqual(paths.toReversed())
  })

  test.each([
    ['offerer', 0, 2_100],
    ['offerer', 255, 4_000],
    ['answerer', 0, 0],
    ['answerer', 255, 2_000],
  ] as const)('after a 491 comes again from the %s after a wait by chance: %i', async (role, chance, wait) => {
    const { alice, bob, clock } = await begun()
    const { negotiation, carry } = role === 'offerer' ? alice : bob
    const refused: string[] = []
    const once: CarryOffer = async (offer, signal) => {
      if (refused.push(offer) === 1) throw new MsrpError('glare', '491')
      return carry(offer, signal)
    }
    negotiation.hold()
    const offering = reoffer(negotiation, once, { clock, random: sameBytes(chance) })
    await arrived()
    expect([refused.length, clock.next]).toEqual([1, wait])
    await clock.advance(wait)
    await offering
    expect(refused).toHaveLength(2)
  })

  test('waits while an offer of the peer is being answered, and is not made when that was enough', async () => {
    const asked = Promise.withResolvers<undefined>()
    let asks = false
    const { alice, bob, clock } = await begun(
      { relay },
      { bob: { onMedium: () => (asks ? asked.promise : undefined) } },
    )
    asks = true
    const first = reoffer(alice.negotiation, alice.carry, { clock })
    await arrived()
    changePath(bob)
    const second = reoffer(bob.negotiation, bob.carry, { clock })
    await arrived()
    expect([bob.negotiation.busy, bob.sent]).toEqual([true, 0])
    asked.resolve(undefined)
    await Promise.all([first, second])
    expect([bob.sent, clock.pending]).toEqual([0, 0])
  })

  test('for two reasons at a time is one offer', async () => {
    const { alice, clock } = await begun({ relay })
    changePath(alice)
    const first = reoffer(alice.negotiation, alice.carry, { clock })
    alice.negotiation.hold()
    const second = reoffer(alice.negotiation, alice.carry, { clock })
    await Promise.all([first, second])
    expect([alice.sent, alice.negotiation.offerDue, clock.pending]).toEqual([1, false, 0])
  })

  test('for what comes up while another one is out follows that', async () => {
    const { alice, clock } = await begun({ relay })
    changePath(alice)
    const first = reoffer(alice.negotiation, alice.carry, { clock })
    await settle()
    expect(alice.sent).toBe(1)
    alice.negotiation.hold()
    const second = reoffer(alice.negotiation, alice.carry, { clock })
    await Promise.all([first, second])
    expect([alice.sent, alice.negotiation.offerDue, clock.pending]).toEqual([2, false, 0])
  })

  test('is taken back when it cannot be carried, or is given up', async () => {
    const { alice, clock } = await begun()
    const { negotiation } = alice
    const lost = (): Promise<never> => Promise.reject(new Error('408'))
    expect(await failure(reoffer(negotiation, lost, { clock }))).toMatchObject({ message: '408' })
    expect(negotiation.busy).toBe(false)
    const controller = new AbortController()
    const never = (): Promise<never> => new Promise(() => {})
    const offering = reoffer(negotiation, never, { clock, signal: controller.signal })
    await arrived()
    expect(negotiation.busy).toBe(true)
    controller.abort()
    expect(await failure(offering)).toMatchObject({ code: 'aborted' })
    expect(negotiation.busy).toBe(false)
    const waiting = reoffer(negotiation, () => Promise.reject(new MsrpError('glare', '491')), {
      clock,
      signal: AbortSignal.any([controller.signal]),
    })
    expect(await failure(waiting)).toMatchObject({ code: 'aborted' })
    expect(clock.pending).toBe(0)
  })

  test('has gone well when all media are over, as it said', async () => {
    const { alice, bob } = call([{ listen }, { listen }])
    // What has not opened has no session to resolve with.
    alice.endpoint.opensAtOnce = false
    const { negotiation } = alice
    const [first, second] = negotiation.media
    void failure(negotiation.accept(await bob.negotiation.answer(await negotiation.offer())))
    bob.negotiation.media[0]?.remove()
    await reoffer(bob.negotiation, bob.carry)
    second?.remove()
    await reoffer(negotiation, alice.carry)
    expect([first?.state, second?.state, negotiation.offerDue]).toEqual(['over', 'over', false])
    expect(bob.negotiation.media.map(({ state }) => state)).toEqual(['over', 'over'])
  })

  test('has not when the negotiation is closed before the answer has come', async () => {
    const { alice } = await begun()
    const { negotiation } = alice
    negotiation.media[0]?.remove()
    const answer = Promise.withResolvers<string>()
    const offering = failure(reoffer(negotiation, () => answer.promise))
    await settle()
    await negotiation.close()
    answer.resolve(peerText({ port: 0 }))
    expect(await offering).toMatchObject({ code: 'closed' })
  })

  test('and gets its 491 late takes back no other one', async () => {
    const { alice, bob, clock } = await begun()
    const { negotiation } = alice
    const late = Promise.withResolvers<string>()
    negotiation.hold()
    const first = reoffer(negotiation, () => late.promise, { clock })
    await settle()
    // The peer's has come first after all: the application takes ours back and answers that.
    negotiation.rollback()
    await reoffer(bob.negotiation, bob.carry)
    const answer = Promise.withResolvers<void>()
    const second = reoffer(negotiation, async (offer) => {
      await answer.promise
      return alice.carry(offer, undefined)
    })
    await settle()
    late.reject(new MsrpError('glare', '491'))
    await settle()
    expect(negotiation.busy).toBe(true)
    answer.resolve()
    await Promise.all([first, second])
    expect([alice.sent, negotiation.offerDue, clock.pending]).toEqual([1, false, 0])
  })

  test('waits no more when the negotiation is closed', async () => {
    const { alice, clock } = await begun()
    const { negotiation } = alice
    negotiation.add({ listen })
    const offering = reoffer(negotiation, () => Promise.reject(new MsrpError('glare', '491')), { clock })
    await arrived()
    expect(clock.pending).toBe(1)
    await negotiation.close()
    await offering
    expect([clock.pending, negotiation.offerDue]).toEqual([0, false])
  })

  test('is followed by one without msrp-cema where the answer asks for that (RFC 6714 §4.2)', async () => {
    const negotiation = new Negotiation(new StubEndpoint('a'), { listen, cema: true })
    const path = 'msrp://203.0.113.99:7000/box;tcp'
    const box = { address: '203.0.113.99', port: 7000 }
    const offers: string[] = []
    await reoffer(negotiation, async (offer) =>
      offers.push(offer) === 1 ? peerText({ ...box, setup: 'active' }) : peerText({ ...box, path, setup: 'passive' }),
    )
    expect(offers.map((offer) => offer.includes('a=msrp-cema'))).toEqual([true, false])
    expect((await negotiation.session).remotePath).toBe(path)
  })
})

describe('The next session by an offer', () => {
  const { signal } = new AbortController()

  /** What both sides give to their `ResumingSession`. */
  async function resuming(waitForPeer?: number): Promise<{
    alice: Side
    bob: Side
    clock: FakeClock
    next: Record<'alice' | 'bob', () => Promise<Session | undefined>>
  }> {
    const { alice, bob, clock } = await begun()
    const options = { clock, ...(waitForPeer === undefined ? {} : { waitForPeer }) }
    const [ofAlice, ofBob] = [alice, bob].map((side) => nextByOffer(side.negotiation, side.carry, options))
    return { alice, bob, clock, next: { alice: () => ofAlice!({ signal }), bob: () => ofBob!({ signal }) } }
  }

  test('is the first one at first, and after a loss comes by one offer, of the side that made the first', async () => {
    const { alice, bob, clock, next } = await resuming()
    const first = [await next.alice(), await next.bob()]
    expect([alice.sent, bob.sent]).toEqual([0, 0])
    for (const side of [alice, bob]) lose(side)
    await arrived()
    const both = await Promise.all([next.bob(), next.alice()])
    expect([alice.sent, bob.sent, clock.pending]).toEqual([1, 0, 0])
    expect(both.map((session) => session?.state)).toEqual(['open', 'open'])
    expect(both).not.toContain(first[0])
    expect(both).not.toContain(first[1])
  })

  test('is offered by the other side, when that alone has noticed', async () => {
    const { alice, bob, clock, next } = await resuming(7_000)
    const [atAlice] = [await next.alice(), await next.bob()]
    lose(bob)
    await arrived()
    const coming = next.bob()
    await arrived()
    expect([bob.sent, clock.next]).toEqual([0, 7_000])
    await clock.advance(7_000)
    expect((await coming)?.state).toBe('open')
    expect([alice.sent, bob.sent]).toEqual([0, 1])
    // What was the session there is lost as well, and the new one is at hand.
    expect(await atAlice?.closed).toEqual({ by: 'failure' })
    expect(await next.alice()).toBe(await alice.negotiation.session)
    expect(alice.sent).toBe(0)
  })

  test('is offered again when the one before did not come about', async () => {
    const { alice, bob, next } = await resuming()
    await next.alice()
    for (const side of [alice, bob]) lose(side)
    await arrived()
    alice.endpoint.opensAtOnce = false
    const failing = failure(next.alice())
    await arrived()
    alice.endpoint.completions.at(-1)?.fail(new MsrpError('unreachable', 'Nobody is there'))
    expect(await failing).toMatchObject({ code: 'unreachable' })
    alice.endpoint.opensAtOnce = true
    expect((await next.alice())?.state).toBe('open')
    expect(alice.sent).toBe(2)
  })

  test('is waited for until the first answer has come, or nobody wants it any more', async () => {
    const { alice } = call()
    const controller = new AbortController()
    const next = nextByOffer(alice.negotiation, alice.carry)
    const first = next({ signal: controller.signal })
    await arrived()
    expect([await stateOf(first), alice.sent]).toEqual(['pending', 0])
    controller.abort()
    expect(await failure(first)).toMatchObject({ code: 'aborted' })
    const second = next({ signal })
    await reoffer(alice.negotiation, alice.carry)
    expect((await second)?.state).toBe('open')
    expect(alice.sent).toBe(1)
  })

  test('is none when the medium is over, or closed meanwhile', async () => {
    const { alice, bob, next } = await resuming()
    await Promise.all([next.alice(), next.bob()])
    for (const side of [alice, bob]) lose(side)
    await arrived()
    bob.negotiation.media[0]?.remove()
    expect(await next.alice()).toBeUndefined()
    expect(await next.bob()).toBeUndefined()
  })

  test.each<[string, (bob: Side, alice: Side) => unknown]>([
    ['the negotiation is closed', ({ negotiation }) => negotiation.close()],
    [
      'the medium is removed in an answer',
      async (bob, alice) => {
        bob.negotiation.media[0]?.remove()
        await reoffer(alice.negotiation, alice.carry)
      },
    ],
  ])('is waited for no more when %s', async (_, then) => {
    const { alice, bob, clock, next } = await resuming()
    await Promise.all([next.alice(), next.bob()])
    for (const side of [alice, bob]) lose(side)
    const coming = next.bob()
    await arrived()
    expect(clock.pending).toBe(1)
    await then(bob, alice)
    expect(await coming).toBeUndefined()
    expect([clock.pending, bob.sent]).toEqual([0, 0])
  })

  test('needs a medium', () => {
    const none = new Negotiation(new StubEndpoint('a'), [])
    expect(() => nextByOffer(none, async () => '')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

test('A ResumingSession goes on over sessions that are offered, and nothing is lost', async () => {
  await using one = new Endpoint({ resumeFor: 60_000 })
  await using other = new Endpoint({ resumeFor: 60_000 })
  await using caller = new Negotiation(one, {})
  await using callee = new Negotiation(other, { listen: { host: '127.0.0.1' } })
  let offers = 0
  const toCallee: CarryOffer = async (offer) => {
    offers++
    return callee.answer(offer)
  }
  const toCaller: CarryOffer = async (offer) => {
    offers++
    return caller.answer(offer)
  }
  const backOff = { first: 1, atOnce: true }
  const alice = new ResumingSession({ next: nextByOffer(caller, toCallee), backOff })
  const bob = new ResumingSession({ next: nextByOffer(callee, toCaller), backOff })
  await reoffer(caller, toCallee)
  const got: number[] = []
  const reading = (async () => {
    for await (const message of bob as AsyncIterable<IncomingMessage>) got.push((await message.bytes()).length)
  })()
  const sizes = [10, 3_000_000, 20]
  const sent = sizes.map((size) => alice.send(pattern(size)))
  for (let losses = 0; losses < 3; losses++) {
    await alice.opened
    alice.reconnect()
    await alice.send('in between').delivered
  }
  await Promise.all(sent.map(({ delivered }) => delivered))
  await alice.finish()
  await bob.close()
  await reading
  expect(got.toSorted((a, b) => a - b)).toEqual([10, 10, 10, 10, 20, 3_000_000])
  expect(alice.losses).toBe(3)
  expect(offers).toBe(4)
})
