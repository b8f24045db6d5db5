// Messages in the envelope of message/cpim: who writes to whom and when, whatever the session says, and what the receiver
// has to understand. Gateways, chat rooms and delivery notifications want it.
//
//   npx node examples/cpim.ts

import { prepare } from 'msrp'
import { buildCpim, CPIM_TYPE, cpimEnvelope, cpimVerdict, openCpim } from 'msrp/cpim'

const IMDN = 'urn:ietf:params:imdn'

/** Of what messages may require, what this program understands. */
const understands = ({ namespace, name }: { namespace: string | undefined; name: string }): boolean =>
  namespace === IMDN && name === 'Message-ID'

await using alice = await prepare()
await using bob = await prepare({
  listen: { host: '127.0.0.1' },
  // Before the message is answered: what cannot be understood is refused with 400.
  onRequest: (request, firstBytes) => cpimVerdict(request, firstBytes, { understands }),
})

// Bob's description says `a=accept-types:message/cpim *`, so Alice's texts go out wrapped.
const [atAlice, atBob] = await Promise.all([
  alice.complete(bob.localPath, {
    active: true,
    peerAcceptTypes: ['message/cpim', '*'],
    envelope: cpimEnvelope(() => ({
      from: 'Alice <sip:alice@example.com>',
      to: 'sip:bob@example.com',
      dateTime: new Date(),
    })),
  }),
  bob.complete(alice.localPath, { active: false }),
])
const hello = atAlice.send('Hello Bob')

// More than that she writes by hand.
const room = { from: 'sip:alice@example.com', to: ['sip:bob@example.com', 'sip:carol@example.com'] }
const notified = buildCpim(
  {
    ...room,
    subject: { text: 'Grüße', language: 'de' },
    namespaces: { imdn: IMDN },
    require: ['imdn.Message-ID'],
    headers: [['imdn.Message-ID', '34jk324j']],
  },
  new Blob(['<p>Hello all</p>'], { type: 'text/html' }),
)
const html = atAlice.send(notified, { contentType: CPIM_TYPE })

const secret = buildCpim({ ...room, namespaces: { x: 'urn:example:x' }, require: ['x.Burn-After-Reading'] }, 'Psst')
const refused = atAlice.send(secret, { contentType: CPIM_TYPE })
await refused.delivered.catch(({ status, message }) => console.log(`not understood: ${status}: ${message}`))

let messages = 0
for await (const message of atBob) {
  // Nobody may hold up what comes behind by a head without end.
  const { head, text } = await openCpim(message, { understands, signal: AbortSignal.timeout(30_000) })
  const id = head.find(IMDN, 'Message-ID')?.value
  console.log(`${head.from?.name ?? head.from?.uri} to ${head.to.map(({ uri }) => uri).join(', ')}`)
  console.log(`  ${head.subject('de') ?? 'no subject'}, ${head.contentType}, id ${id}: ${await text()}`)
  if (++messages === 2) break
}
await Promise.all([hello.delivered, html.delivered])
await Promise.all([atAlice.close(), atBob.close()])
