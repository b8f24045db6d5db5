import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { chatThrough, hasFile, type Side, say } from './support/chat.ts'
import { type RandomFile, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  eventsOf,
  expectExit,
  filesIn,
  memoryBound,
  nextEvent,
  outcomeOf,
  underWay,
  unfinishedBytes,
  until,
} from './support/transfer.ts'

const MiB = 1024 * 1024

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

test('while a large file flows every text behind it arrives within a second, on the same session and connection', async () => {
  const { alice, bob } = await chatThrough(relay)
  const file = await writeRandomFile(join(temporaryFolder(), 'large.bin'), 256 * MiB)
  await alice.program.write(`/send ${file.path}\n`)
  await underWay(bob.folder, 8 * MiB)
  // Nothing but the file and the texts go this way, so that only the sender's fairness lets them overtake it.
  expectPrompt(await talkDuring(file, alice, bob))
  await expectStored(bob, file)

  alice.program.end()
  await expectExit(alice.program)
  for (const program of [alice.program, bob.program, relay.program]) {
    expect(program.peakMemory, program.describe()).toBeLessThan(memoryBound)
  }
})

test('while files go both ways every text in either direction arrives within a second', async () => {
  const { alice, bob } = await chatThrough(relay)
  const toBob = await writeRandomFile(join(temporaryFolder(), 'to-bob.bin'), 96 * MiB, 1)
  const toAlice = await writeRandomFile(join(temporaryFolder(), 'to-alice.bin'), 96 * MiB, 2)
  await alice.program.write(`/send ${toBob.path}\n`)
  await bob.program.write(`/send ${toAlice.path}\n`)
  await Promise.all([underWay(bob.folder, 4 * MiB), underWay(alice.folder, 4 * MiB)])
  const [atBob, atAlice] = await Promise.all([talkDuring(toBob, alice, bob), talkDuring(toAlice, bob, alice)])
  expectPrompt(atBob)
  expectPrompt(atAlice)
  await expectStored(bob, toBob)
  await expectStored(alice, toAlice)

  alice.program.end()
  await expectExit(alice.program)
  bob.program.end()
  await expectExit(bob.program)
})

interface Talk {
  /** How many milliseconds each text took. */
  waits: number[]
  /** How many arrived while a good part of the file was still missing. */
  early: number
}

/** Says one text after another while a file goes the same way. */
async function talkDuring({ size }: RandomFile, from: Side, to: Side): Promise<Talk> {
  const flowing = (): boolean => !hasFile(to) && unfinishedBytes(to.folder) < size * 0.75
  const talk: Talk = { waits: [], early: 0 }
  while (flowing()) {
    talk.waits.push(await say(from.program, to.program, `text ${talk.waits.length}`))
    if (flowing()) talk.early++
  }
  return talk
}

function expectPrompt({ waits, early }: Talk): void {
  // Those that have to wait for the end of the file are late, however fast it is.
  expect(early, `waits: ${waits}`).toBeGreaterThanOrEqual(3)
  const sorted = waits.toSorted((a, b) => a - b)
  expect(sorted[sorted.length >> 1]).toBeLessThan(1_000)
  // A bound that only a queue breaks, not a busy machine.
  expect(sorted.at(-1)).toBeLessThan(5_000)
}

async function expectStored(side: Side, file: RandomFile): Promise<void> {
  await until(() => hasFile(side), `the file: ${side.program.describe()}`, 30_000)
  const stored = eventsNamed(side.program, 'message').find(({ path }) => path !== null)
  expect(stored).toMatchObject({ size: file.size, sha256: file.sha256 })
  expect(await sha256OfFile(String(stored?.path))).toBe(file.sha256)
}

describe('leaving', () => {
  test('/quit ends it for the one who types it when everything is through', async () => {
    const { alice, bob } = await chatThrough(relay)
    const file = await writeRandomFile(join(temporaryFolder(), 'last.bin'), 16 * MiB)
    await alice.program.write(`/send ${file.path}\nbye\n/quit\n`)
    await expectExit(alice.program)
    expect(outcomeOf(alice.program).at(-1)).toMatchObject({ event: 'done', messages: 4 })
    await until(() => hasFile(bob), 'the file at bob')
    expect(eventsNamed(bob.program, 'message').map(({ text, sha256 }) => text ?? sha256)).toEqual([
      'hello bob',
      'bye',
      file.sha256,
    ])
    // Through a relay he learns it from his next line at the latest.
    await bob.program.write('still there?\n')
    await expectExit(bob.program, 11)
    expect(bob.program.stderr.text).toMatch(
      /^error: "still there\?": The session has ended, or there is none: 481 .*; confirmed 0 of 12 bytes$/m,
    )
  })

  test('Ctrl-C in the middle of a file: 130 at once, and the other side keeps nothing of it', async () => {
    const { alice, bob } = await chatThrough(relay)
    await alice.program.write('/send /dev/zero\n')
    await underWay(bob.folder, 8 * MiB)
    alice.program.kill('SIGINT')
    await expectExit(alice.program, 130, 5_000)
    await nextEvent(bob.program, ({ event }) => event === 'error')
    await until(() => filesIn(bob.folder).length === 0, 'the unfinished file is gone')
    expect(outcomeOf(alice.program).at(-1)).toMatchObject({ event: 'error', code: 'interrupted' })
  })

  test('the relay dies under it: both sides end with 12', async () => {
    const mortal = await startRelay()
    const { alice, bob } = await chatThrough(mortal)
    await alice.program.write('/send /dev/zero\n')
    await underWay(bob.folder, 8 * MiB)
    mortal.program.kill('SIGKILL')
    await expectExit(alice.program, 12, 5_000)
    await expectExit(bob.program, 12, 5_000)
    expect(filesIn(bob.folder)).toEqual([])
    for (const { program } of [alice, bob]) {
      expect(eventsOf(program).at(-1)).toMatchObject({ event: 'error', code: 'connection-lost' })
    }
  })

  test('the other side is killed: the next line tells', async () => {
    const { alice, bob } = await chatThrough(relay)
    alice.program.kill('SIGKILL')
    await alice.program.exit()
    await bob.program.write('are you there?\n')
    await expectExit(bob.program, 11)
    // Perhaps alice was gone before even the line before it was answered.
    expect(bob.program.stderr.text).toMatch(
      /^error: "(?:are you there\?|hello alice)": .*; confirmed 0 of 1[14] bytes$/m,
    )
  })
})
