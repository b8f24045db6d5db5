import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Program } from './support/process.ts'
import { type RandomFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  filesIn,
  memoryBound,
  outcomeOf,
  overTcp,
  overTls,
  residentMemory,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  type Waiting,
  type Way,
} from './support/transfer.ts'

const MiB = 1024 * 1024

/** A process that waits has no reason to grow; what its memory manager does meanwhile stays below this. Bytes. */
const GROWTH = 16 * MiB

/** A transfer in which one process is stopped in the middle. */
interface Stall {
  stopped: Program
  /** The others, who wait for it. */
  waiting: Program[]
  alice: Program
  bob: Waiting
  /** Resident memory of those who wait, soon after the stop and at its end. */
  memory: { before: number; after: number }[]
}

const kinds: [who: string, way: () => Way, stop: (alice: Program, bob: Waiting) => Program][] = [
  ['a receiver behind the relay', () => throughRelay(relay), (_, bob) => bob.program],
  ['a receiver over TCP', () => overTcp, (_, bob) => bob.program],
  ['a receiver over TLS', () => overTls, (_, bob) => bob.program],
  ['a sender behind the relay', () => throughRelay(relay), (alice) => alice],
  ['a relay', () => throughRelay(stoppedRelay), () => stoppedRelay.program],
]

let relay: TestRelay
let stoppedRelay: TestRelay
let file: RandomFile
let meanwhile: Program
const stalls = new Map<string, Stall>()

// All are stopped for the same ten seconds.
beforeAll(async () => {
  const lifetime = 'file'
  relay = await startRelay({ lifetime })
  stoppedRelay = await startRelay({ lifetime })
  file = await writeRandomFile(join(temporaryFolderOfFile(), 'file.bin'), 96 * MiB)
  for (const [who, way, stop] of kinds) {
    const bob = await startReceiver(way(), { args: ['--count', '1'], lifetime })
    const alice = startSender([file.path], bob, { lifetime })
    await underWay(bob.folder, 8 * MiB)
    const stopped = stop(alice, bob)
    stopped.kill('SIGSTOP')
    const relays = way().sender.includes('--relay') ? [relay.program, stoppedRelay.program] : []
    const waiting = [alice, bob.program, ...relays].filter((program) => program !== stopped)
    stalls.set(who, { stopped, waiting, alice, bob, memory: [] })
  }
  const begin = performance.now()
  meanwhile = await anotherTransfer()
  await pause(2_000)
  for (const { waiting, memory } of stalls.values()) {
    for (const program of waiting) memory.push({ before: residentMemory(program), after: 0 })
  }
  await pause(begin + 10_000 - performance.now())
  for (const { waiting, memory, stopped, alice } of stalls.values()) {
    expect(alice.exited, 'the transfer was over before anybody was stopped').toBeUndefined()
    for (const [index, program] of waiting.entries()) memory[index]!.after = residentMemory(program)
    stopped.kill('SIGCONT')
  }
}, 120_000)

async function anotherTransfer(): Promise<Program> {
  const bob = await startReceiver(throughRelay(relay), { lifetime: 'file' })
  const alice = startSender(['--text', 'meanwhile'], bob, { lifetime: 'file' })
  await alice.exit()
  await bob.program.stop()
  return alice
}

describe.each(kinds)('%s that is stopped for ten seconds in the middle of a file', (who) => {
  test('costs nothing but time', async () => {
    const { alice, bob } = stalls.get(who)!
    await expectExit(alice)
    await expectExit(bob.program)
    expect(outcomeOf(bob.program)).toEqual([
      expect.objectContaining({ event: 'message', size: file.size, sha256: file.sha256 }),
      { event: 'done', messages: 1, bytes: file.size },
    ])
    expect(filesIn(bob.folder)).toEqual(['file.bin'])
  })

  test('is waited for without growing', () => {
    const { stopped, waiting, memory, alice, bob } = stalls.get(who)!
    for (const [index, { before, after }] of memory.entries()) {
      expect(after - before, waiting[index]!.describe()).toBeLessThan(GROWTH)
    }
    for (const program of [stopped, alice, bob.program, ...waiting]) {
      expect(program.peakMemory, program.describe()).toBeLessThan(memoryBound)
    }
  })
})

test('the relay serves others while a receiver does not read', () => {
  expect(meanwhile.exited).toEqual({ code: 0, signal: null })
  expect(eventsNamed(meanwhile, 'done')).toHaveLength(1)
})
