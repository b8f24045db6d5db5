import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PreparedSession, prepare, type RelayOptions, type Session, type TlsOptions } from 'msrp'
import { expect, onTestFinished, test } from 'vitest'
import { startMsrp } from './support/process.ts'
import { randomBytes } from './support/random-file.ts'
import { type RelayUser, startRelay, TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { expectExit, outcomeOf, startSender } from './support/transfer.ts'

const MB = 1_000_000
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** How somebody gets to a relay. */
function through(relay: TestRelay, { username, password }: RelayUser): { relay: RelayOptions; tls: TlsOptions } {
  return { relay: { uri: relay.uri, username, password }, tls: { ca: readFileSync(relay.ca) } }
}

/** Somebody who takes what the first sender sends, message by message. */
async function startTaker(relay: TestRelay, user: RelayUser): Promise<{ path: string; taken: Uint8Array[] }> {
  const prepared: PreparedSession = await prepare({ ...through(relay, user), remotePath: 'first' })
  onTestFinished(() => prepared.close())
  const taken: Uint8Array[] = []
  const take = async (): Promise<void> => {
    for await (const session of prepared.sessions()) {
      for await (const message of session) void message.bytes().then((bytes) => taken.push(bytes))
    }
  }
  // It ends with an error when the test does.
  take().catch(() => {})
  return { path: prepared.localPath, taken }
}

async function open(relay: TestRelay, user: RelayUser, path: string): Promise<Session> {
  const session = await connect({ ...through(relay, user), path })
  onTestFinished(() => session.close())
  return session
}

test('a file takes its time, texts do not wait for it, and nobody gets a further session', async () => {
  const rate = 4 * MB
  const relay = await startRelay({ settings: { user_limits: { bytes_per_second: rate, sessions: 2 } } })
  const [first, second] = [await startTaker(relay, relay.bob), await startTaker(relay, relay.bob)]
  const file = randomBytes(8 * MB)
  const session = await open(relay, relay.alice, first.path)
  const other = await open(relay, relay.alice, second.path)

  const refused = startMsrp(['receive', '--dir', temporaryFolder(), ...relay.options(relay.alice)])
  // The last bytes of the file come after the texts have arrived, however slow this machine is.
  const { promise: textsArrived, resolve } = Promise.withResolvers<void>()
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield file.subarray(0, 6 * MB)
    await textsArrived
    yield file.subarray(6 * MB)
  }
  const begin = performance.now()
  const sent = session.send(slowly(), { contentType: 'application/octet-stream' })
  for (const each of [session, other]) await each.send('meanwhile').delivered
  resolve()
  await sent.delivered
  // What gathers in a second, and what is read at once, goes without waiting.
  expect(performance.now() - begin).toBeGreaterThan(((file.byteLength - rate - 0.3 * MB) / rate) * 1000)
  expect(first.taken.map(sha256)).toEqual([Buffer.from('meanwhile'), file].map(sha256))
  expect(second.taken.map(sha256)).toEqual([sha256(Buffer.from('meanwhile'))])
  expect(sent.confirmed.bytes).toBe(file.byteLength)

  await expectExit(refused, 11)
  expect(refused.stderr.text).toContain('this user holds as many sessions as it may: 2')
})

test('the bytes of a day are used up after a restart as well; a type that is not allowed is refused', async () => {
  const settings = { user_limits: { bytes_per_day: 100_000 }, messages: { content_types: ['text/*', 'image/png'] } }
  const before = await startRelay({ settings })
  const bob = await startTaker(before, before.bob)
  const [text, script] = ['text.txt', 'script.sh'].map((name) => join(temporaryFolder(), name)) as [string, string]
  writeFileSync(text, 'x'.repeat(100_000))
  writeFileSync(script, 'echo')
  const options = before.options(before.alice)

  const forbidden = startSender([script, '--type', 'application/x-sh', ...options], { to: ['--to', bob.path] })
  await expectExit(forbidden, 11)
  const told = { event: 'error', status: 415 }
  expect(outcomeOf(forbidden)).toEqual([expect.objectContaining({ ...told, code: 'refused', confirmedBytes: 0 })])
  expect(forbidden.stderr.text).toContain('this relay does not pass on application/x-sh')

  const session = await open(before, before.alice, bob.path)
  await session.send('y'.repeat(100_000)).delivered
  await before.program.stop()

  const program = startMsrp(['relay', '--json', '--config', before.config])
  const [line] = await program.stdout.line(/^\{"event":"listening".*\}$/)
  const { path, ca } = JSON.parse(line) as { path: string; ca: string }
  const { name, config, stateFolder } = before
  const relay = new TestRelay({ program, name, uri: path, ca, config, stateFolder, lifetime: 'test' })
  const again = await startTaker(relay, relay.bob)
  const late = startSender([text, ...relay.options(relay.alice)], { to: ['--to', again.path] })
  await expectExit(late, 11)
  expect(outcomeOf(late)).toEqual([expect.objectContaining({ event: 'error', code: 'refused', status: 413 })])
  expect(late.stderr.text).toContain('used up its bytes of today')
  expect(again.taken).toEqual([])
})
