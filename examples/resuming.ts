// A chat that outlives its connections: what is not confirmed goes out again over the next one, and nothing is shown twice.
//
//   npx node examples/resuming.ts

import { Endpoint } from 'msrp'
import { ResumingSession } from 'msrp/resuming'

// Both keep what has come of a message when its connection breaks, so that it can go on over the next one.
await using aliceEndpoint = new Endpoint({ resumeFor: 300_000, stallTimeout: 60_000 })
await using bobEndpoint = new Endpoint({ resumeFor: 300_000, stallTimeout: 60_000 })

// Bob waits at one path, each time again. A keep-alive tells him when Alice is gone without a word.
const listener = await bobEndpoint.listen({ keepAlive: 30_000 })
const callers = listener[Symbol.asyncIterator]()
const bob = new ResumingSession({
  next: async () => (await callers.next()).value,
  backOff: { atOnce: true },
})

// Alice calls. With SIP, `next` would send another offer and complete the session with the answer.
const alice = new ResumingSession({
  next: ({ signal }) => aliceEndpoint.connect({ path: listener.localPath, keepAlive: 30_000, signal }),
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
