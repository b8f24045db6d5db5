// A whole client: offer and answer, a session that reconnects, receipts, who is writing, and files that are verified. Two of
// them talk through a relay; a socket of this machine stands in for SIP. docs/client.md builds it step by step.
//
//   npx node examples/client.ts RELAY USER PASSWORD-FILE CA-FILE [PORT] [FOLDER]
//
// RELAY and USER are such as 'msrps://localhost:2855;tcp', in quotes, and alice@localhost; `npm start` runs a relay and prints where its files are.
// Without PORT (or with 0) it waits to be called and prints its port, with PORT it calls who waits there. A line is a text, one
// that ends in a backslash goes on in the next. `/send FILE` sends a file, `/break` breaks the connection.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { Endpoint, FileStore, fileBody, MsrpError, nodeFilePlatform } from 'msrp'
import { COMPOSING_TYPE, Composers, composerOn } from 'msrp/composing'
import { cpimContainer } from 'msrp/cpim'
import { FileTransfers } from 'msrp/file'
import { IMDN_TYPE, Receipts, type ReceivedIm } from 'msrp/imdn'
import { ResumingSession } from 'msrp/resuming'
import { Negotiation, nextByOffer, reoffer } from 'msrp/sdp'

const [uri = '', user = '', passwordFile = '', caFile, port = '0', folder = 'received'] = process.argv.slice(2)
if (caFile === undefined) {
  console.error('usage: npx node examples/client.ts RELAY USER PASSWORD-FILE CA-FILE [PORT] [FOLDER]')
  process.exit(2)
}
const [username = ''] = user.split('@')
const relay = { uri, username, password: (await readFile(passwordFile, 'utf8')).trim() }
const self = `sip:${user}`
const calling = port !== '0'
const failed = (error: unknown): void => console.log(`! ${error instanceof Error ? error.message : error}`)

// ---- In place of SIP: a socket with lines of JSON.

class Signalling {
  /** The address of the other side. */
  readonly peer: Promise<string>
  readonly hungUp: Promise<unknown>
  readonly #socket: Socket
  #answer: PromiseWithResolvers<string> | undefined

  constructor(socket: Socket, onOffer: (offer: string) => Promise<string>) {
    const from = Promise.withResolvers<string>()
    this.peer = from.promise
    this.#socket = socket.on('error', failed)
    this.hungUp = new Promise((resolve) => socket.on('close', resolve))
    this.hungUp.then(() => this.#answer?.reject(new MsrpError('closed', 'The other side has hung up')))
    const reply = (offer: string): Promise<object> =>
      onOffer(offer).then(
        (answer) => ({ answer }),
        ({ code }) => ({ refused: code }),
      )
    createInterface({ input: socket }).on('line', async (line) => {
      const said = JSON.parse(line)
      if ('from' in said) from.resolve(said.from)
      else if ('answer' in said) this.#answer?.resolve(said.answer)
      else if ('refused' in said) this.#answer?.reject(new MsrpError(said.refused, 'The offer was refused'))
      else this.#say(await reply(said.offer))
    })
    this.#say({ from: self })
  }

  /** An INVITE, and what answers it; it fails with `glare` when the peer's own came in between (491). */
  offer(offer: string): Promise<string> {
    this.#answer = Promise.withResolvers()
    this.#say({ offer })
    return this.#answer.promise
  }

  hangUp(): void {
    this.#socket.end()
  }

  #say(said: object): void {
    this.#socket.write(`${JSON.stringify(said)}\n`)
  }
}

async function called(): Promise<Socket> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(`port ${(server.address() as AddressInfo).port}`)
  const [socket] = await once(server, 'connection')
  server.close()
  return socket
}

// ---- What is offered and answered: a chat, and files beside it.

await using endpoint = new Endpoint({ tls: { ca: await readFile(caFile) }, resumeFor: 300_000, stallTimeout: 60_000 })
const store = new FileStore(folder)
const onOfferDue = (): void => void reoffer(call, reinvite).catch(failed)
const files = new FileTransfers({
  platform: nodeFilePlatform,
  media: { relay },
  onOffered: async (offer) => {
    const receiving = offer.take(await store.open(offer.selector))
    receiving.done.then(({ result }) => console.log(`< file: ${result}`), failed)
  },
  onOfferDue,
})
const chat = {
  relay,
  keepAlive: 30_000,
  acceptTypes: ['text/plain', COMPOSING_TYPE],
  acceptWrappedTypes: [IMDN_TYPE],
  containers: [cpimContainer],
}
await using call = new Negotiation(endpoint, chat, { onMedium: files.onMedium, onOfferDue })
const socket = calling ? connect(Number(port), '127.0.0.1') : await called()
const signalling = new Signalling(socket, (offer) => call.answer(offer))

function reinvite(offer: string): Promise<string> {
  return signalling.offer(offer)
}

// ---- The chat outlives its connections: after each loss another offer brings another session.

if (calling) await reoffer(call, reinvite)
await call.session
const session = new ResumingSession({
  next: nextByOffer(call, reinvite),
  onEvent: (event) => {
    if (event.kind === 'lost') console.log('- the connection is lost')
    if (event.kind === 'failed') failed(event.error)
    if (event.kind === 'open') console.log(`- connected, ${event.resent} messages go out again`)
  },
})

// ---- What is said on it: texts with receipts, and who is writing.

const receipts = new Receipts(session, {
  self,
  peer: await signalling.peer,
  onReceipt: ({ disposition }) => console.log(`> ${disposition.status}`),
  onError: failed,
})
const composer = composerOn(session)
const composers = new Composers({ onChange: ({ state }) => state === 'active' && console.log('< is writing') })

async function show(im: ReceivedIm): Promise<void> {
  // Nothing from the other side may command this terminal.
  console.log(`< ${(await im.text()).replace(/[^\P{Cc}\n]/gu, '')}`)
  await im.displayed()
}

async function send(path: string): Promise<void> {
  const sending = await files.offer(call, { body: await fileBody(path), name: basename(path) })
  await reoffer(call, reinvite)
  await sending.done
  console.log(`> file: ${path}`)
}

let draft = ''
async function enter(line: string): Promise<void> {
  const [, path] = /^\/send (.+)$/.exec(line) ?? []
  if (path !== undefined) return send(path)
  if (line === '/break') return session.reconnect()
  draft += line.replace(/\\$/, '\n')
  if (line.endsWith('\\')) return composer.composing('text/plain')
  receipts.send(draft).outgoing?.delivered.catch(failed)
  composer.sent()
  draft = ''
}

const entered: Promise<void>[] = []
const input = createInterface({ input: process.stdin }).on('line', (line) => entered.push(enter(line).catch(failed)))
input.on('close', async () => {
  await Promise.all(entered)
  const { undelivered } = await session.finish({ incoming: true, signal: AbortSignal.timeout(30_000) })
  if (undelivered.length > 0) console.log(`! ${undelivered.length} messages have not arrived`)
  signalling.hangUp()
})
process.once('SIGINT', () => input.close())
signalling.hungUp.then(() => session.close())

for await (const im of receipts) {
  if (!(await composers.take(im))) show(im).catch(failed)
}
input.close()
