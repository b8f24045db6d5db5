import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { nodeRandom } from 'msrp/node'
import { newMessageId } from 'msrp/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startMsrp } from './support/process.ts'
import { type RandomFile, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import type { RawClient } from './support/raw-client.ts'
import { configText, newAuthority, startRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  until,
  type Waiting,
} from './support/transfer.ts'
import { loginAt, runs, startWorkers, workerOf, workerPids } from './support/workers.ts'

// A relay of two processes, with real programs around it: workers.test.ts has what is short.

const MiB = 1 << 20

/** What a transfer may take on a busy machine, in milliseconds. */
const LONG = 120_000

describe.each(['ports', 'single-port'] as const)('two workers, %s:', (mode) => {
  test('20 MB go each way between users on different workers, and on the same', async () => {
    const relay = await startWorkers(mode)
    const body = Buffer.alloc(20_000_000, Buffer.from(Array.from({ length: 251 }, (_, at) => at)))
    for (const [one, other] of [
      [0, 1],
      [0, 0],
      [1, 1],
    ] as const) {
      const alice = await loginAt(relay, one, relay.alice)
      const bob = await loginAt(relay, other, relay.bob)
      await Promise.all([transfer(alice, bob, body), transfer(bob, alice, body)])
    }
  })

  test('programs send texts and files, through the relay and without one, whatever workers they come to', async () => {
    const relay = await startWorkers(mode)
    const file = await randomFile(20_000_000)
    for (const way of [throughRelay(relay).sender, ['--ca', relay.ca]]) {
      const receivers = await receiverAtEach(() => startReceiver(throughRelay(relay), { args: ['--count', '2'] }))
      await Promise.all(receivers.map((receiver) => expectDelivery(receiver, way, file)))
    }
  })

  test('another relay is in front of it, and behind it', async () => {
    const authority = await newAuthority()
    const outer = await startWorkers(mode, { name: 'relay-b.localhost', authority })
    const inner = await startRelay({ name: 'relay-a.localhost', authority })
    const password = join(temporaryFolder(), 'password')
    writeFileSync(password, 'correct horse\n', { mode: 0o600 })
    for (const relay of [inner, outer]) await expectExit(relay.user(['add', `carol@${relay.name}`], 'correct horse\n'))
    const through = (uris: string[]): string[] => [
      ...['--relay', uris.join(' '), '--user', 'carol', '--password-file', password, '--ca', inner.ca],
    ]
    const file = await randomFile(8 * MiB)
    for (const receiver of [through([inner.uri, outer.uri]), through([outer.uri, inner.uri])]) {
      for (const sender of [['--ca', outer.ca], through([outer.uri]), through([inner.uri, outer.uri])]) {
        const waiting = await startReceiver({ receiver, sender: [] }, { args: ['--count', '2'] })
        await expectDelivery(waiting, sender, file)
      }
    }
  })

  test('the sessions of a worker that is killed end, the others go on, and it comes back', async () => {
    const relay = await startWorkers(mode)
    const [atFirst, atSecond] = await receiverAtEach(() => startReceiver(throughRelay(relay)))
    const file = await randomFile(200 * MiB)
    const senders = [atFirst!, atSecond!].map((to) =>
      startSender([file.path], { to: [...to.to.slice(0, 2), '--ca', relay.ca] }),
    )
    await Promise.all([atFirst!, atSecond!].map(({ folder }) => underWay(folder, MiB)))
    // With one port the first sender's connection may be at the second worker, and ends with it.
    const safe = mode === 'ports' ? 0 : undefined
    process.kill(workerPids(relay)[1]!, 'SIGKILL')
    expect((await senders[1]!.exit(LONG)).code).not.toBe(0)
    await relay.program.stderr.line(/"worker":1.*"a worker serves again"/, { milliseconds: 30_000 })
    if (safe === 0) await expectExit(senders[0]!, 0, LONG)
    else await senders[0]!.exit(LONG)
    const bob = await loginAt(relay, 1, relay.bob)
    const alice = await loginAt(relay, 0, relay.alice)
    await transfer(alice, bob, Buffer.from('hello again'))
  })

  test('what is under way when it is told to stop arrives whole', async () => {
    const relay = await startWorkers(mode, { settings: { drain: 90 } })
    const receivers = await receiverAtEach(() => startReceiver(throughRelay(relay)))
    const file = await randomFile(100 * MiB)
    const senders = receivers.map(({ to }) => startSender([file.path], { to }))
    await Promise.all(receivers.map(({ folder }) => underWay(folder, MiB)))
    const pids = workerPids(relay).map((pid) => pid!)
    relay.program.kill('SIGTERM')
    for (const sender of senders) await expectExit(sender, 0, LONG)
    expect(await relay.program.exit(LONG)).toEqual({ code: 0, signal: null })
    for (const { folder } of receivers) expect(await sha256OfFile(join(folder, 'file'))).toBe(file.sha256)
    expect(pids.filter(runs)).toEqual([])
  })
})

test('a second signal ends the workers at once', async () => {
  const relay = await startWorkers('single-port', { settings: { drain: 600 } })
  const bob = await startReceiver(throughRelay(relay))
  startSender([(await randomFile(200 * MiB)).path], bob)
  await underWay(bob.folder, MiB)
  // So that it does not come to its end.
  bob.program.kill('SIGSTOP')
  const pids = workerPids(relay).map((pid) => pid!)
  relay.program.kill('SIGTERM')
  await relay.program.stderr.line(/comes to its end first/)
  // Within a third of a second it would count as the same keystroke.
  await new Promise((resolve) => setTimeout(resolve, 400))
  relay.program.kill('SIGTERM')
  expect((await relay.program.exit(10_000)).code).toBe(143)
  await until(() => !pids.some(runs), 'end of the workers')
})

test('when all processes are told at once, as by a service manager, what is under way arrives whole all the same', async () => {
  const relay = await startWorkers('single-port', { settings: { drain: 90 } })
  const receivers = await receiverAtEach(() => startReceiver(throughRelay(relay)))
  const file = await randomFile(60 * MiB)
  const senders = receivers.map(({ to }) => startSender([file.path], { to }))
  await Promise.all(receivers.map(({ folder }) => underWay(folder, MiB)))
  const pids = workerPids(relay).map((pid) => pid!)
  for (const pid of [...pids, relay.program.pid]) process.kill(pid, 'SIGTERM')
  for (const sender of senders) await expectExit(sender, 0, LONG)
  expect(await relay.program.exit(LONG)).toEqual({ code: 0, signal: null })
  for (const { folder } of receivers) expect(await sha256OfFile(join(folder, 'file'))).toBe(file.sha256)
  expect(pids.filter(runs)).toEqual([])
})

test('a worker that is told to stop by itself is started again', async () => {
  const relay = await startWorkers('single-port')
  const alice = await loginAt(relay, 0, relay.alice)
  process.kill(workerPids(relay)[1]!, 'SIGTERM')
  await relay.program.stderr.line(/"worker":1.*"a worker serves again"/, { milliseconds: 30_000 })
  await transfer(alice, await loginAt(relay, 1, relay.bob), Buffer.from('hello'))
})

test('settings that one worker cannot have hold in none of them; a worker that is just starting gets those that hold', async () => {
  const relay = await startWorkers('single-port', { settings: { expires: { default: 1000 } } })
  const { config } = relay
  const good = readFileSync(config, 'utf8').replace('default = 1000', 'default = 2000')
  const records = join(temporaryFolder(), 'records.jsonl')
  // That of the second worker, by its name.
  mkdirSync(records.replace('.jsonl', '.1.jsonl'))
  writeFileSync(config, `${good}\n[accounting]\nfile = "${records}"\n`)
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/worker 1 keeps its settings: .*all stays as it was/)
  const life = async (index: number): Promise<number | undefined> => {
    const client = await loginAt(relay, index, relay.alice)
    const { head } = await client.authenticate(relay.alice, { toPath: [client.token] })
    return head.fields.expires
  }
  expect([await life(0), await life(1)]).toEqual([1000, 1000])

  const [first = 0, second = 0] = workerPids(relay)
  writeFileSync(config, good)
  process.kill(second, 'SIGKILL')
  // It is there, and has not been told anything yet.
  const children = `/proc/${relay.program.pid}/task/${relay.program.pid}/children`
  const others = (pid: string): boolean => ![String(first), String(second), ''].includes(pid)
  await until(() => readFileSync(children, 'latin1').split(' ').some(others), 'next process of the worker')
  relay.program.kill('SIGHUP')
  await relay.program.stderr.line(/have been read again"/)
  await relay.program.stderr.line(/"worker":1.*"a worker serves again"/, { milliseconds: 30_000 })
  expect([await life(0), await life(1)]).toEqual([2000, 2000])
})

test('workers that end again and again end the relay, which says so', async () => {
  const relay = await startWorkers('single-port')
  const killed = new Set<number>()
  const killing = setInterval(() => {
    for (const pid of relay.program.exited ? [] : workerPids(relay)) {
      if (pid === undefined || killed.has(pid)) continue
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
  }, 100)
  onTestFinished(() => clearInterval(killing))
  expect((await relay.program.exit(LONG)).code).toBe(1)
  expect(relay.program.stderr.text).toContain('workers end again and again')
})

test('what keeps a worker from serving is told as without workers', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const folder = temporaryFolder()
  const config = join(folder, 'relay.toml')
  const settings = { workers: { count: 2, first_port: port - 1 } }
  writeFileSync(config, configText({ settings }, join(folder, 'state')))
  const relay = startMsrp(['relay', '--json', '--config', config])
  await expectExit(relay, 5)
  expect(relay.stderr.text).toMatch(new RegExp(`workers.first_port: cannot listen on 127.0.0.1:${port}: .*in use`))
})

/** A receiver at each worker: as many are started as it takes. */
async function receiverAtEach(start: () => Promise<Waiting>): Promise<Waiting[]> {
  const found: Waiting[] = []
  for (let attempt = 0; attempt < 16 && !(found[0] && found[1]); attempt++) {
    const waiting = await start()
    const index = workerOf(waiting.to[1] ?? '')
    if (found[index] === undefined) found[index] = waiting
    else await waiting.program.stop()
  }
  expect(found.filter(Boolean)).toHaveLength(2)
  return found
}

/** A text and a file get to a receiver that waits for two messages. */
async function expectDelivery(to: Waiting, way: readonly string[], file: RandomFile): Promise<void> {
  const sender = startSender(['--text', 'hello', file.path], { to: [...to.to.slice(0, 2), ...way] })
  await expectExit(sender, 0, LONG)
  await expectExit(to.program, 0, LONG)
  expect(eventsNamed(to.program, 'message').map(({ text }) => text)).toEqual(['hello', null])
  expect(await sha256OfFile(join(to.folder, 'file'))).toBe(file.sha256)
}

/** One message in as many chunks as the relay makes of it. */
async function transfer(from: RawClient, to: RawClient, body: Buffer): Promise<void> {
  const messageId = newMessageId(nodeRandom)
  const sent = from.send([from.token, ...to.path], body, { fields: [['Message-ID', messageId]] })
  const arrived = Buffer.alloc(body.length)
  const seen = new Set<unknown>()
  for (let received = 0; received < body.length; ) {
    const chunk = await to.nextRequest((one) => one.head.fields.messageId === messageId && !seen.has(one), LONG)
    seen.add(chunk)
    to.respond(chunk)
    arrived.set(chunk.body, (chunk.head.fields.byteRange?.start ?? 1) - 1)
    received += chunk.body.length
  }
  expect((await from.response(sent, LONG)).head.status).toBe(200)
  expect(arrived.equals(body)).toBe(true)
}

function randomFile(size: number): Promise<RandomFile> {
  return writeRandomFile(join(temporaryFolder(), 'file'), size)
}
