// What a SIP user agent does: both sides make a path first, exchange it in SDP, and are strict about who may come.
//
//   node examples/offer-answer.ts

import { prepare } from 'msrp'

/** Stands for SIP: what one side puts into its description, the other one reads. */
function description(path: string, acceptTypes: readonly string[]): string {
  return [
    'm=message 2855 TCP/MSRP *',
    `a=path:${path}`,
    `a=accept-types:${acceptTypes.join(' ')}`,
    `a=max-size:${1024 * 1024}`,
  ].join('\r\n')
}

function attribute(sdp: string, name: string): string {
  return new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim() ?? ''
}

const acceptTypes = ['text/plain', 'image/png']

// The offerer will connect, so it needs no listening socket. The answerer waits.
await using alice = await prepare({ acceptTypes })
await using bob = await prepare({ listen: { host: '127.0.0.1' }, acceptTypes: ['text/plain'] })

const offer = description(alice.localPath, acceptTypes)
const answer = description(bob.localPath, ['text/plain'])
console.log(`${offer}\n\n${answer}\n`)

/** What the other side says of itself. */
function peer(sdp: string): { peerAcceptTypes: string[]; peerMaxMessageSize: number } {
  return {
    peerAcceptTypes: attribute(sdp, 'accept-types').split(' '),
    peerMaxMessageSize: Number(attribute(sdp, 'max-size')),
  }
}

const [atAlice, atBob] = await Promise.all([
  alice.complete(attribute(answer, 'path'), { active: true, ...peer(answer) }),
  bob.complete(attribute(offer, 'path'), { active: false, ...peer(offer) }),
])

const hello = atAlice.send('Hello Bob')
for await (const message of atBob) {
  console.log(`Bob reads: ${await message.text()}`)
  break
}
await hello.delivered

// Bob has not offered to take pictures, so this one does not even leave.
const picture = atAlice.send(new Uint8Array(10), { contentType: 'image/png' })
await picture.delivered.catch(({ code }: { code: string }) => console.log(`the picture stays here: ${code}`))

await Promise.all([atAlice.close(), atBob.close()])
