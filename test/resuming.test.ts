import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Endpoint, fileBody, type PreparedSession, type Session } from 'msrp'
import { type NextContext, ResumingSession } from 'msrp/resuming'
import { type CarryOffer, Negotiation, nextByOffer, reoffer } from 'msrp/sdp'
import { expect, onTestFinished, test } from 'vitest'
import { Link } from './support/disturbed/link.ts'
import { freePort } from './support/free-port.ts'
import { startMsrp } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { until } from './support/transfer.ts'

// A relay is killed in the middle, with all it knows of its clients: both log in again when it is back, get other paths,
// and tell each other.

const MiB = 1024 * 1024

/** Where both meet to exchange paths, as SIP would have them do. */
class Signalling {
  #offers: { path: string; answer: (path: string) => void }[] = []
  #wake: (() => void) | undefined

  async offer(path: string): Promise<string> {
    const answered = new Promise<string>((answer) => {
      // An offer that nobody has answered is replaced by the next.
      this.#offers = [{ path, answer }]
    })
    this.#wake?.()
    return answered
  }

  async offered(): Promise<{ path: string; answer: (path: string) => void }> {
    for (;;) {
      const offer = this.#offers.pop()
      if (offer !== undefined) return offer
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Alice calls and Bob is called, each time anew. */
function call(relay: TestRelay, signalling: Signalling): { alice: ResumingSession; bob: ResumingSession } {
  const side = (user: RelayUser, complete: (path: PreparedSession, signal: AbortSignal) => Promise<Session>) => {
    const endpoint = new Endpoint({ tls: { ca: readFileSync(relay.ca) }, resumeFor: 60_000 })
    onTestFinished(() => endpoint.close())
    const { username, password } = user
    const next = async ({ signal, resumeKey }: NextContext): Promise<Session> => {
      // A peer whose path is gone by now does not come.
      const patience = AbortSignal.any([signal, AbortSignal.timeout(3_000)])
      const login = { uri: relay.uri, username, password }
      const prepared = await endpoint.prepare({ relay: login, resumeKey, signal: patience })
      try {
        return await complete(prepared, patience)
      } finally {
        await prepared.close()
      }
    }
    const session = new ResumingSession({ next, backOff: { first: 100, most: 500 } })
    onTestFinished(() => session.close())
    return session
  }
  const alice = side(relay.alice, async (prepared, signal) =>
    prepared.complete(await signalling.offer(prepared.localPath), { active: true, signal }),
  )
  const bob = side(relay.bob, async (prepared, signal) => {
    const { path, answer } = await signalling.offered()
    const coming = prepared.complete(path, { active: false, signal })
    answer(prepared.localPath)
    return coming
  })
  return { alice, bob }
}

test('a file and texts come through although the relay is killed in between, and nothing that was confirmed goes out again', async () => {
  const port = await freePort()
  const relay = await startRelay({ port })
  const { alice, bob } = call(relay, new Signalling())
  const file = await writeRandomFile(join(temporaryFolder(), 'file.bin'), 24 * MiB)
  const target = join(temporaryFolder(), 'received.bin')

  const source = await fileBody(file.path)
  let mayEnd = false
  // The rest of the file waits until the relay is dead.
  const read = async (at: number, length: number): Promise<Uint8Array> => {
    await until(() => at < 8 * MiB || mayEnd, 'the relay is killed')
    return source.read(at, length)
  }
  const sent = alice.send({ size: source.size, read, close: () => source.close?.() }, { fileName: 'file.bin' })
  const { value: message } = await bob[Symbol.asyncIterator]().next()
  const saving = message.saveTo(target)
  await until(() => sent.confirmed.contiguous > MiB, 'some of the file is confirmed')

  relay.program.kill('SIGKILL')
  await until(() => alice.phase === 'reconnecting' && bob.phase === 'reconnecting', 'both have lost their sessions')
  mayEnd = true
  const confirmed = sent.confirmed.contiguous
  const texts = [alice.send('Are you there?'), bob.send('I am')]
  startMsrp(['relay', '--json', '--config', relay.config])

  await saving
  expect(await sha256OfFile(target)).toBe(file.sha256)
  expect(await text(bob)).toBe('Are you there?')
  expect(await text(alice)).toBe('I am')
  await Promise.all([sent, ...texts].map(({ delivered }) => delivered))
  expect(alice.losses).toBeGreaterThanOrEqual(1)
  expect(alice.statistics.sent.bytes).toBeLessThanOrEqual(24 * MiB + 8.5 * MiB - confirmed)
  expect(await alice.finish()).toEqual({ undelivered: [] })
})

test('a chat goes on over another path when one side alone has lost its line, and the relay knows nothing of it', async () => {
  const relay = await startRelay()
  const line = await Link.open(relay.port, relay.port, '127.0.0.2')
  const side = ({ username, password }: RelayUser, options: ConstructorParameters<typeof Endpoint>[0]): Negotiation => {
    const endpoint = new Endpoint({ tls: { ca: readFileSync(relay.ca) }, resumeFor: 60_000, ...options })
    onTestFinished(() => endpoint.close())
    return new Negotiation(endpoint, { relay: { uri: relay.uri, username, password } })
  }
  const alice = side(relay.alice, { resolve: { localhost: '127.0.0.2' } })
  const bob = side(relay.bob, {})
  const toBob: CarryOffer = (offer) => bob.answer(offer)
  await reoffer(alice, toBob)
  const resuming = (call: Negotiation, carry: CarryOffer): ResumingSession => {
    const session = new ResumingSession({ next: nextByOffer(call, carry), backOff: { first: 100, most: 500 } })
    onTestFinished(() => session.close())
    return session
  }
  const [atAlice, atBob] = [resuming(alice, toBob), resuming(bob, (offer) => alice.answer(offer))]
  const first = atAlice.send('Hello')
  expect(await text(atBob)).toBe('Hello')
  await first.delivered

  for (const connection of line.connections) connection.desert()
  const sent = atAlice.send('Are you there?')
  expect(await text(atBob)).toBe('Are you there?')
  await sent.delivered
  expect(atAlice.losses).toBe(1)
})

test('a far side that neither reads nor writes any more is given up when it is told to, with megabytes on the way to it', async () => {
  const server = createServer((socket) => {
    socket.once('data', (bytes) => {
      const [, id = ''] = /^MSRP (\S+) /.exec(String(bytes)) ?? []
      const from = /^From-Path: (.*)\r$/m.exec(String(bytes))?.[1]
      socket.write(`MSRP ${id} 200 OK\r\nTo-Path: ${from}\r\nFrom-Path: ${path}\r\n-------${id}$\r\n`)
      socket.pause()
    })
    onTestFinished(() => void socket.destroy())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const path = `msrp://127.0.0.1:${(server.address() as AddressInfo).port}/far;tcp`
  const endpoint = new Endpoint({ stallTimeout: 400 })
  const session = await endpoint.connect({ path })
  const sent = session.send(new Uint8Array(64 * MiB))
  expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'connection-lost', message: /400 ms/ } })
  await expect(sent.delivered).rejects.toMatchObject({ code: 'connection-lost' })
})

async function text(session: Session): Promise<string> {
  const { value } = await session[Symbol.asyncIterator]().next()
  return value.text()
}
