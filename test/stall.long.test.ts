import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { chat, hasFile, type Side } from './support/chat.ts'
import type { Program } from './support/process.ts'
import { type RandomFile, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  memoryBound,
  outcomeOf,
  overTcp,
  overTls,
  residentMemory,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  until,
  type Waiting,
  type Way,
} from './support/transfer.ts'

const MiB = 1024 * 1024

/** Longer than two transaction timeouts (RFC 4975 §7.1.1). Milliseconds. */
const STOPPED = 65_000

/** What a process that waits may grow by, in bytes. */
const GROWTH = 16 * MiB

/** A chat with files on their way in both directions, one of whose processes is stopped while the other side types on. */
interface Stall {
  alice: Side
  bob: Side
  stopped: Program
  /** Those who are not. */
  waiting: Program[]
  memory: { before: number; after: number }[]
  /** Lines that were typed meanwhile. */
  typed: { from: Program; to: Program; text: string }[]
}

type Chat = Pick<Stall, 'alice' | 'bob'>

const kinds: [who: string, way: () => Way, stop: (chat: Chat) => Program][] = [
  ['the one who was called through a relay', () => throughRelay(relay), ({ bob }) => bob.program],
  ['the one who called through a relay', () => throughRelay(relay), ({ alice }) => alice.program],
  ['a relay', () => throughRelay(stoppedRelay), () => stoppedRelay.program],
  ['one of two over TCP', () => overTcp, ({ bob }) => bob.program],
  ['one of two over TLS', () => overTls, ({ bob }) => bob.program],
]

let relay: TestRelay
let stoppedRelay: TestRelay
let toBob: RandomFile
let toAlice: RandomFile
const stalls = new Map<string, Stall>()

/** Short chunks: many of them wait for their responses at the moment at which their sender is stopped. */
const shortChunks: [name: string, way: () => Way][] = [
  ['through a relay', () => throughRelay(relay)],
  ['over TCP', () => overTcp],
]
const senders = new Map<string, { alice: Program; bob: Waiting }>()

// All are stopped for the same minute.
beforeAll(async () => {
  const lifetime = 'file'
  const folder = temporaryFolderOfFile()
  relay = await startRelay({ lifetime })
  stoppedRelay = await startRelay({ lifetime })
  toBob = await writeRandomFile(join(folder, 'to-bob.bin'), 128 * MiB, 1)
  toAlice = await writeRandomFile(join(folder, 'to-alice.bin'), 128 * MiB, 2)

  for (const [who, way, stop] of kinds) {
    const { alice, bob } = await chat(way(), { lifetime })
    await alice.program.write(`/send ${toBob.path}\n`)
    await bob.program.write(`/send ${toAlice.path}\n`)
    await Promise.all([underWay(bob.folder, 4 * MiB), underWay(alice.folder, 4 * MiB)])
    const stopped = stop({ alice, bob })
    stopped.kill('SIGSTOP')
    const waiting = [alice.program, bob.program, relay.program].filter((program) => program !== stopped)
    stalls.set(who, { alice, bob, stopped, waiting, memory: [], typed: [] })
  }

  for (const [kind, way] of shortChunks) {
    const bob = await startReceiver(way(), { args: ['--count', '1'], lifetime })
    const alice = startSender([toBob.path, '--chunk-size', '10240'], bob, { lifetime })
    await underWay(bob.folder, 4 * MiB)
    alice.kill('SIGSTOP')
    senders.set(kind, { alice, bob })
  }

  const begin = performance.now()
  await pause(3_000)
  for (const { waiting, memory } of stalls.values()) {
    for (const program of waiting) memory.push({ before: residentMemory(program), after: 0 })
  }
  for (let line = 1; performance.now() - begin < STOPPED; line++) {
    for (const stall of stalls.values()) await type(stall, `line ${line}`)
    await pause(5_000)
  }
  for (const { waiting, memory, stopped, alice, bob } of stalls.values()) {
    expect([hasFile(alice), hasFile(bob)], 'a file was through before anybody was stopped').toEqual([false, false])
    for (const [index, program] of waiting.entries()) memory[index]!.after = residentMemory(program)
    stopped.kill('SIGCONT')
  }
  for (const { alice, bob } of senders.values()) {
    expect(eventsNamed(bob.program, 'message')).toEqual([])
    alice.kill('SIGCONT')
  }
}, 240_000)

/** Whoever can types a line. */
async function type({ alice, bob, stopped, typed }: Stall, text: string): Promise<void> {
  for (const [from, to] of [
    [alice.program, bob.program],
    [bob.program, alice.program],
  ] as const) {
    if (from === stopped) continue
    await from.write(`${text}\n`)
    typed.push({ from, to, text })
  }
}

describe.each(kinds)('%s that is stopped for a minute, with files and texts in both directions,', (who) => {
  test('costs nothing but time', async () => {
    const { alice, bob, typed } = stalls.get(who)!
    for (const [side, file] of [
      [bob, toBob],
      [alice, toAlice],
    ] as const) {
      await until(() => hasFile(side), `the file: ${side.program.describe()}`, 60_000)
      const stored = eventsNamed(side.program, 'message').find(({ path }) => path !== null)
      expect(await sha256OfFile(String(stored?.path))).toBe(file.sha256)
    }
    expect(typed.length).toBeGreaterThanOrEqual(10)
    for (const { to, text } of typed) await to.stdout.line(new RegExp(`"text":"${text}"`))
    alice.program.end()
    await expectExit(alice.program)
    bob.program.end()
    await expectExit(bob.program)
    for (const { program } of [alice, bob]) expect(eventsNamed(program, 'error')).toEqual([])
  })

  test('is waited for without growing', () => {
    const { waiting, memory, stopped } = stalls.get(who)!
    for (const [index, { before, after }] of memory.entries()) {
      expect(after - before, waiting[index]!.describe()).toBeLessThan(GROWTH)
    }
    for (const program of [stopped, ...waiting]) expect(program.peakMemory).toBeLessThan(memoryBound)
  })
})

test.each(shortChunks)('a sender of short chunks %s that is stopped for a minute loses nothing', async (name) => {
  const { alice, bob } = senders.get(name)!
  await expectExit(alice, 0, 60_000)
  await expectExit(bob.program)
  expect(outcomeOf(bob.program)).toEqual([
    expect.objectContaining({ event: 'message', sha256: toBob.sha256 }),
    expect.objectContaining({ event: 'done' }),
  ])
})
