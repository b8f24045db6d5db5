import { type MediaWishes, Negotiation, type NegotiationOptions, SessionDescription } from '../../src/sdp/index.ts'
import { settle } from '../transport/fake-clock.ts'
import { listen, StubEndpoint } from './stub-endpoint.ts'

/** One side. `signal` is for the calls that `controller` gives up. */
export function start(
  wishes: MediaWishes | readonly MediaWishes[] = { listen },
  options: NegotiationOptions = {},
  name = 'a',
): { endpoint: StubEndpoint; negotiation: Negotiation; controller: AbortController; signal: AbortSignal } {
  const endpoint = new StubEndpoint(name)
  const controller = new AbortController()
  const negotiation = new Negotiation(endpoint, wishes, options)
  return { endpoint, negotiation, controller, signal: controller.signal }
}

/** Both sides, after the first exchange. */
export async function agreed(
  wishes: MediaWishes | readonly MediaWishes[] = { listen },
  theirs: MediaWishes | readonly MediaWishes[] = { listen },
): Promise<{ a: StubEndpoint; b: StubEndpoint; alice: Negotiation; bob: Negotiation; offer: string; answer: string }> {
  const [a, b] = [new StubEndpoint('a'), new StubEndpoint('b')]
  const [alice, bob] = [new Negotiation(a, wishes), new Negotiation(b, theirs)]
  const offer = await alice.offer()
  const answer = await bob.answer(offer)
  await Promise.all([alice.accept(answer), bob.session])
  return { a, b, alice, bob, offer, answer }
}

/** A later exchange, which Alice begins. */
export async function again(alice: Negotiation, bob: Negotiation): Promise<{ offer: string; answer: string }> {
  const offer = await alice.offer()
  const answer = await bob.answer(offer)
  await alice.accept(answer).catch(() => {})
  await settle()
  return { offer, answer }
}

/** The ports of the m-lines. */
export const portsOf = (text: string): number[] => SessionDescription.parse(text).media.map(({ port }) => port)
