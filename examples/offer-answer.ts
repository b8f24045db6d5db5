// What a SIP user agent does: two texts are exchanged, and a session is there.
//
//   npx node examples/offer-answer.ts

import { Endpoint } from 'msrp'
import { Negotiation } from 'msrp/sdp'

await using endpoint = new Endpoint()

// Alice will connect, so she needs no listening socket. Bob waits, and takes nothing but text.
await using alice = new Negotiation(endpoint, { acceptTypes: ['text/plain', 'image/png'], maxMessageSize: 1024 * 1024 })
await using bob = new Negotiation(endpoint, { listen: { host: '127.0.0.1' }, acceptTypes: ['text/plain'] })

// SIP carries the offer in an INVITE, and the answer in its 200.
const offer = await alice.offer()
const answer = await bob.answer(offer)
console.log(`${offer}\n${answer}`)

const [atAlice, atBob] = await Promise.all([alice.accept(answer), bob.session])

const hello = atAlice.send('Hello Bob')
for await (const message of atBob) {
  console.log(`Bob reads: ${await message.text()}`)
  break
}
await hello.delivered

// Bob has not offered to take pictures, so this one does not even leave.
const picture = atAlice.send(new Uint8Array(10), { contentType: 'image/png' })
await picture.delivered.catch(({ code }: { code: string }) => console.log(`the picture stays here: ${code}`))

// A re-INVITE: Alice asks Bob to send nothing for a while. The session goes on.
alice.hold()
const sameSession = (await alice.accept(await bob.answer(await alice.offer()))) === atAlice
console.log(`on hold, and Bob may ${bob.media[0]?.direction}: ${sameSession ? 'the same session' : 'another session'}`)

await Promise.all([alice.close(), bob.close()])
