// Runs as a worker with little memory: takes in large notifications about messages that are followed, and tells of how many
// recipients it knows something then.
import { parentPort } from 'node:worker_threads'
import { buildImdn, parseImdn } from '../../src/imdn/imdn.ts'
import { SentItems } from '../../src/imdn/sent-items.ts'

const ROOM = 'sip:room@example.com'
const padding = 'x'.repeat(60_000)
const sent = new SentItems()
const items = Array.from({ length: 6 }, (_, number) =>
  sent.add({ messageId: `m${number}`, to: [ROOM], wishes: ['positive-delivery'] }),
)
for (const { messageId } of items) {
  for (let number = 0; number < 250; number++) {
    const recipientUri = `sip:${number}@example.com`
    const disposition = { type: 'delivery', status: 'delivered' } as const
    for (const imdn of parseImdn(buildImdn({ messageId, dateTime: padding, recipientUri, disposition })))
      sent.take(imdn, ROOM)
  }
}
parentPort?.postMessage(items.reduce((count, { recipients }) => count + recipients.size, 0))
sent.close()
