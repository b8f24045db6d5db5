// A chat that outlives its connections: what is not confirmed goes out again over the next one, and nothing is shown twice.
//
//   npx node examples/resuming.ts

import { Endpoint } from 'msrp'
import { ResumingSession } from 'msrp/resuming'
import { Negotiation, nextByOffer } from 'msrp/sdp'

// Both keep what has come of a message when its connection breaks, so that it can go on over the next one.
await using aliceEndpoint = new Endpoint({ resumeFor: 300_000, stallTimeout: 60_000 })
await using bobEndpoint = new Endpoint({ resumeFor: 300_000, stallTimeout: 60_000 })

// A keep-alive tells each that the other is gone without a word.
await using atAlice = new Negotiation(aliceEndpoint, { keepAlive: 30_000 })
await using atBob = new Negotiation(bobEndpoint, { listen: { host: '127.0.0.1' }, keepAlive: 30_000 })

// SIP carries the first offer in an INVITE. Each later one is a re-INVITE, from whoever needs another session.
await Promise.all([atBob.session, atAlice.accept(await atBob.answer(await atAlice.offer()))])
const toBob = (offer: string) => atBob.answer(offer)
const toAlice = (offer: string) => atAlice.answer(offer)

const bob = new ResumingSession({ next: nextByOffer(atBob, toAlice), backOff: { atOnce: true } })
const alice = new ResumingSession({
  next: nextByOffer(atAlice, toBob),
  backOff: { first: 200, most: 30_000 },
  onEvent: (event) => {
    if (event.kind === 'lost') console.log(`Alice has lost her connection: ${event.error.message}`)
    if (event.kind === 'waiting') console.log(`Attempt ${event.attempt} comes soon`)
    if (event.kind === 'open') console.log(`Alice is connected, ${event.resent} messages go out`)
  },
})

const reading = (async () => {
  for await (const message of bob) console.log(`Bob reads: ${(await message.text()).slice(0, 40)}`)
})()

alice.send('Hello Bob')
await alice.opened
alice.send('A long story. '.repeat(20_000))
// The network changes, in the middle of the story.
alice.reconnect()
alice.send('Did you get all of it?')

// Everything is delivered, or half a minute is over.
const { undelivered } = await alice.finish({ signal: AbortSignal.timeout(30_000) })
await bob.close()
await reading
const { resentBytes } = alice.statistics
console.log(`${undelivered.length} of 3 messages are missing; ${resentBytes} bytes had to go out again`)
