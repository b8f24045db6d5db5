import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Program } from './support/process.ts'
import { randomBytes, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  filesIn,
  nextEvent,
  outcomeOf,
  overTcp,
  overTls,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  until,
  type Waiting,
  type Way,
} from './support/transfer.ts'

const MiB = 1024 * 1024

/** How long, in milliseconds, those who are left may take to notice that somebody is gone: "within seconds". */
const NOTICED = 5_000

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

const ways: [string, () => Way][] = [
  ['through the relay', () => throughRelay(relay)],
  ['directly over TCP', () => overTcp],
  ['directly over TLS', () => overTls],
]

/** A file too large to be through before somebody is stopped; it takes no room on the disk. */
function endlessFile(): { path: string; size: number } {
  const file = { path: join(temporaryFolder(), 'endless.bin'), size: 64 * 1024 * MiB }
  writeFileSync(file.path, '')
  truncateSync(file.path, file.size)
  return file
}

/** Resolves when a transfer has gone on for so long that a part of it has been confirmed. */
async function partlyConfirmed(receiver: Program): Promise<void> {
  await until(() => eventsNamed(receiver, 'progress').length >= 4, `progress of ${receiver.describe()}`, 20_000)
}

/** A sender whose file has arrived half way and does not go on. */
async function halfSent(bob: Waiting): Promise<Program> {
  const alice = startSender(['-', '--name', 'half.bin'], bob)
  await alice.write(randomBytes(2 * MiB))
  // The last byte waits at the sender for what follows it.
  await underWay(bob.folder, 2 * MiB - 1)
  return alice
}

/** The one error that a sender ended with. */
function failureOf(alice: Program): Record<string, unknown> {
  const [failure, ...more] = outcomeOf(alice)
  expect(more).toEqual([])
  expect(alice.stderr.lines).toHaveLength(1)
  return failure ?? {}
}

describe.each(ways)('%s', (_, way) => {
  test('a sender whose receiver is killed ends within seconds, and says how far it got', async () => {
    const file = endlessFile()
    const bob = await startReceiver(way())
    const alice = startSender([file.path], bob)
    await partlyConfirmed(bob.program)
    bob.program.kill('SIGKILL')
    const relayed = way().sender.includes('--relay')
    await expectExit(alice, relayed ? 11 : 12, NOTICED)

    const failure = failureOf(alice)
    expect(failure).toMatchObject(
      relayed ? { event: 'error', code: 'refused', status: 481 } : { event: 'error', code: 'connection-lost' },
    )
    expect(failure.confirmedBytes).toBeGreaterThanOrEqual(MiB)
    expect(alice.stderr.lines[0]).toBe(
      `error: ${failure.message}`.replace(
        /; confirmed .*/,
        `; confirmed ${failure.confirmedBytes} of ${file.size} bytes`,
      ),
    )
    expect(filesIn(bob.folder)).toEqual([expect.stringMatching(/^\.msrp-.*\.part$/)])
  })

  test('a receiver whose sender is killed keeps nothing of its file and serves the next one', async () => {
    const bob = await startReceiver(way())
    const alice = await halfSent(bob)
    alice.kill('SIGKILL')
    await expectNextSenderServed(bob)
    await until(() => filesIn(bob.folder).join() === 'next.bin', `nothing else in ${bob.folder}`)
    expect(eventsNamed(bob.program, 'error')).toEqual([expect.objectContaining({ messageId: expect.any(String) })])
  })

  test('Ctrl-C at the sender: 130, and the receiver keeps nothing and serves the next one', async () => {
    const bob = await startReceiver(way(), { args: ['--count', '1'] })
    const alice = await halfSent(bob)
    alice.kill('SIGINT')
    await expectExit(alice, 130, NOTICED)
    expect(failureOf(alice)).toMatchObject({ code: 'interrupted' })
    // Other than one that is killed, it says so.
    await nextEvent(bob.program, ({ event }) => event === 'error', NOTICED)
    await until(() => filesIn(bob.folder).length === 0, 'the unfinished file is gone')
    await expectNextSenderServed(bob)
    await expectExit(bob.program)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s at the receiver: %i, nothing left, and the sender ends within seconds', async (signal, code) => {
    const bob = await startReceiver(way())
    const alice = await halfSent(bob)
    bob.program.kill(signal)
    await expectExit(bob.program, code, NOTICED)
    expect(filesIn(bob.folder)).toEqual([])
    expect((await alice.exit(NOTICED)).code).toBeOneOf([11, 12])
    expect(alice.stderr.lines).toEqual([
      expect.stringMatching(/^error: standard input: .*; confirmed \d+ of an unknown number of bytes$/),
    ])
  })
})

async function expectNextSenderServed(bob: Waiting): Promise<void> {
  const file = await writeRandomFile(join(temporaryFolder(), 'next.bin'), MiB)
  await expectExit(startSender([file.path], bob))
  await nextEvent(bob.program, ({ event, sha256 }) => event === 'message' && sha256 === file.sha256)
}

test('a text that the relay has taken over is told to be lost when its receiver is gone without having read it', async () => {
  const bob = await startReceiver(throughRelay(relay))
  bob.program.kill('SIGSTOP')
  const alice = startSender(['--text', 'hello', '--verbose'], bob)
  // The relay has answered the first request and the text.
  await until(() => (alice.stderr.text.match(/MSRP \S+ 200/g) ?? []).length >= 3, 'three responses')
  bob.program.kill('SIGKILL')
  await expectExit(alice, 11, NOTICED)
  expect(outcomeOf(alice)).toEqual([expect.objectContaining({ event: 'error', status: 481, confirmedBytes: 0 })])
})

test('after a receiver was killed in the middle of a file the relay, and the next receiver in its folder, go on', async () => {
  const first = await startReceiver(throughRelay(relay))
  const alice = await halfSent(first)
  first.program.kill('SIGKILL')
  await alice.exit(NOTICED)
  const left = filesIn(first.folder)
  expect(left).toEqual([expect.stringMatching(/^\.msrp-.*\.part$/)])

  const file = await writeRandomFile(join(temporaryFolder(), 'half.bin'), MiB)
  const second = await startReceiver(throughRelay(relay), { args: ['--dir', first.folder, '--count', '1'] })
  await expectExit(startSender([file.path], second))
  await expectExit(second.program)
  expect(filesIn(first.folder)).toEqual([...left, 'half.bin'].sort())
  expect(await sha256OfFile(join(first.folder, 'half.bin'))).toBe(file.sha256)
})

describe('a relay that ends in the middle of a file', () => {
  test('by SIGKILL leaves both sides with 12 and no file', async () => {
    const mortal = await startRelay()
    const file = endlessFile()
    const bob = await startReceiver(throughRelay(mortal))
    const alice = startSender([file.path], bob)
    await partlyConfirmed(bob.program)
    mortal.program.kill('SIGKILL')
    await expectExit(alice, 12, NOTICED)
    await expectExit(bob.program, 12, NOTICED)
    const failure = failureOf(alice)
    expect(failure).toMatchObject({ event: 'error', code: 'connection-lost' })
    expect(failure.confirmedBytes).toBeGreaterThanOrEqual(MiB)
    expect(outcomeOf(bob.program).at(-1)).toMatchObject({ event: 'error', code: 'connection-lost' })
    expect(filesIn(bob.folder)).toEqual([])
  })

  test('by SIGTERM ends itself in order, and leaves both sides with an error and no file', async () => {
    const mortal = await startRelay({ settings: { drain: 1 } })
    const bob = await startReceiver(throughRelay(mortal))
    const alice = startSender([endlessFile().path], bob)
    await underWay(bob.folder, 16 * MiB)
    mortal.program.kill('SIGTERM')
    await expectExit(mortal.program, 0, NOTICED)
    expect((await alice.exit(NOTICED)).code).toBeOneOf([11, 12])
    expect((await bob.program.exit(NOTICED)).code).toBeOneOf([10, 12])
    expect(failureOf(alice)).toMatchObject({ event: 'error', confirmedBytes: expect.any(Number) })
    expect(filesIn(bob.folder)).toEqual([])
  })
})
