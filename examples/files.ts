// Offers a file and takes it, with the connection broken half way: then the receiver asks for the rest, and the whole file is
// verified. Both sides in one program; what they hand each other goes through SIP otherwise.
//
//   npx node examples/files.ts

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Endpoint, FileStore, fileBody, nodeFilePlatform as platform } from 'msrp'
import { FileTransfers, type ReceiveTransfer, selectorOf } from 'msrp/file'
import { Negotiation } from 'msrp/sdp'

const folder = await mkdtemp(join(tmpdir(), 'msrp-files-'))
const original = join(folder, 'original.bin')
await writeFile(
  original,
  new Uint8Array(20_000_000).map((_, index) => index * 7 + (index >> 8)),
)
const store = new FileStore(join(folder, 'Downloads'))

await using alice = new Endpoint()
await using bob = new Endpoint()
const media = { listen: { host: '127.0.0.1' } }

// ---- Alice offers, Bob takes.
let receiving: ReceiveTransfer | undefined
const half = Promise.withResolvers<void>()
const offering = new FileTransfers({ platform, media })
const taking = new FileTransfers({
  platform,
  media,
  onOffered: async (offer) => {
    console.log(`Bob is offered ${offer.name}, ${offer.selector.size} bytes`)
    receiving = offer.take(await store.open(offer.selector), {
      onProgress: ({ bytes, size = 0 }) => bytes > size / 2 && half.resolve(),
    })
  },
})
const atAlice = new Negotiation(alice, [], { onMedium: offering.onMedium })
const atBob = new Negotiation(bob, [], { onMedium: taking.onMedium })
const sending = await offering.offer(atAlice, { body: await fileBody(original), name: 'Holiday film.bin' })
await atAlice.accept(await atBob.answer(await atAlice.offer()))

// ---- Half of it is there when the session breaks.
await half.promise
await (await atAlice.session).close()
for (const transfer of [sending, receiving]) {
  await transfer?.done.catch(({ code }: { code: string }) => console.log(`the transfer ends: ${code}`))
}
await Promise.all([atAlice.close(), atBob.close()])

// ---- A new call: Bob asks for what is missing, Alice gives it.
const film = sending.file // with the hashes that make it known
const target = await store.open(selectorOf(film))
console.log(`Bob has ${target.stored > 0 ? 'some of it' : 'nothing'}, and asks for the rest`)
const asking = new FileTransfers({ platform, media })
const giving = new FileTransfers({
  platform,
  media,
  onRequested: async (request) => {
    const [file, another] = await request.select([film])
    if (file !== undefined && another === undefined) await request.give(file)
  },
})
const again = new Negotiation(bob, [], { onMedium: asking.onMedium })
const asked = new Negotiation(alice, [], { onMedium: giving.onMedium })
const rest = asking.request(again, selectorOf(film), target)
await again.accept(await asked.answer(await again.offer()))

const { size, hashes, result } = await rest.done
console.log(`${size} bytes are there, verified by ${hashes.map(({ algorithm }) => algorithm).join(' and ')}`)
console.log(`stored under its name: ${(await stat(String(result))).size === size}`)
await Promise.all([again.close(), asked.close()])
await rm(folder, { recursive: true })
