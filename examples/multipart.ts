// Messages with several parts: a text that comes as HTML too, a picture that belongs to it, and a file beside them, read
// part by part as they arrive.
//
//   npx node examples/multipart.ts

import { prepare } from 'msrp'
import { cpimContainer } from 'msrp/cpim'
import {
  bestPart,
  buildMultipart,
  multipartContainer,
  openMultipart,
  partOfUrl,
  readMultipart,
  rootPart,
} from 'msrp/multipart'

await using alice = await prepare()
await using bob = await prepare({
  listen: { host: '127.0.0.1' },
  // Texts and pictures come in containers alone; whatever else is inside of one is refused with 415.
  acceptTypes: ['message/cpim', 'multipart/*'],
  acceptWrappedTypes: ['text/plain', 'text/html', 'image/png', 'application/pdf'],
  containers: [cpimContainer, multipartContainer],
})
const [atAlice, atBob] = await Promise.all([
  alice.complete(bob.localPath, { active: true }),
  bob.complete(alice.localPath, { active: false }),
])

// From the inside outwards: HTML with its picture, the same as text before it, and a file behind both.
const page = buildMultipart('related', [
  { content: '<p>Look: <img src="cid:cat@example.com"></p>', contentType: 'text/html;charset=utf-8' },
  { content: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), contentType: 'image/png', contentId: 'cat@example.com' },
])
const either = buildMultipart('alternative', [
  { content: 'Look: a cat' },
  { content: page.body, contentType: page.contentType },
])
const message = buildMultipart('mixed', [
  { content: either.body, contentType: either.contentType },
  { content: new Blob(['%PDF-2.0'], { type: 'application/pdf' }), fileName: 'About cats.pdf' },
])
const sent = atAlice.send(message.body, { contentType: message.contentType })

const sound = buildMultipart('mixed', [{ content: new Uint8Array(9), contentType: 'audio/ogg' }])
const refused = atAlice.send(sound.body, { contentType: sound.contentType })
await refused.delivered.catch(({ status, message: words }) => console.log(`refused: ${status}: ${words}`))

for await (const received of atBob) {
  for await (const part of openMultipart(received)) {
    if (part.fileName !== undefined) {
      console.log(`file ${part.fileName}: ${part.contentType}, ${(await part.bytes()).length} bytes`)
      continue
    }
    // Small enough to be looked at as a whole, and not taken into memory otherwise.
    const { parts } = await readMultipart(part, { contentBytes: 1 << 20 })
    const best = bestPart(parts, ['text/plain', 'multipart/related'])
    if (best?.contentType.startsWith('multipart/related')) {
      const related = best.multipart()
      const picture = partOfUrl(related, 'cid:cat@example.com')
      console.log(`page ${rootPart(related)?.text()} with ${picture?.contentType}, ${picture?.bytes().length} bytes`)
    } else console.log(`text ${best?.text()}`)
  }
  break
}
await sent.delivered
await Promise.all([atAlice.close(), atBob.close()])
