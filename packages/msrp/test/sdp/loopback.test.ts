import { Endpoint, type Session } from 'msrp'
import { Negotiation } from 'msrp/sdp'
import { expect, test } from 'vitest'

const listen = { host: '127.0.0.1' }

async function exchange(from: Session, to: Session, text: string): Promise<void> {
  const sent = from.send(text)
  const { value } = await to[Symbol.asyncIterator]().next()
  expect(await value.text()).toBe(text)
  await sent.delivered
}

test('two strings make a session', async () => {
  await using endpoint = new Endpoint()
  await using alice = new Negotiation(endpoint, { acceptTypes: ['text/plain', 'image/*'], maxMessageSize: 5000 })
  await using bob = new Negotiation(endpoint, { listen, acceptTypes: ['text/plain'] })
  const offer = await alice.offer()
  console.log(offer)
  const answer = await bob.answer(offer)
  console.log(answer)
  const [atAlice, atBob] = await Promise.all([alice.accept(answer), bob.session])
  await exchange(atAlice, atBob, 'Hello')
  await exchange(atBob, atAlice, 'Hello yourself')
  expect(await alice.offer()).toBe(offer)
})
