import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { chatThrough, hasFile, type Side, say } from './support/chat.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
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
  until,
} from './support/transfer.ts'

const MiB = 1024 * 1024

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

test('while large files go both ways every text arrives within a second, on the same session and connection', async () => {
  const { alice, bob } = await chatThrough(relay)
  const toBob = await writeRandomFile(join(temporaryFolder(), 'to-bob.bin'), 256 * MiB, 1)
  const toAlice = await writeRandomFile(join(temporaryFolder(), 'to-alice.bin'), 64 * MiB, 2)
  await alice.program.write(`/send ${toBob.path}\n`)
  await bob.program.write(`/send ${toAlice.path}\n`)
  await Promise.all([underWay(bob.folder, 8 * MiB), underWay(alice.folder, 8 * MiB)])

  /** One text after another as long as the larger file is on its way. */
  const talk = async (from: Side, to: Side, name: string): Promise<number[]> => {
    const waits: number[] = []
    while (!hasFile(bob)) waits.push(await say(from.program, to.program, `${name} ${waits.length}`))
    return waits
  }
  const [atBob, atAlice] = await Promise.all([talk(alice, bob, 'to bob'), talk(bob, alice, 'to alice')])
  for (const waits of [atBob, atAlice]) {
    // A text that waited for the end of the file would be the only one.
    expect(waits.length).toBeGreaterThanOrEqual(5)
    const sorted = waits.toSorted((a, b) => a - b)
    expect(sorted[sorted.length >> 1]).toBeLessThan(1_000)
    // A bound that only a queue breaks, not a busy machine.
    expect(sorted.at(-1)).toBeLessThan(5_000)
  }

  await until(() => hasFile(alice), 'the other file', 30_000)
  alice.program.end()
  await expectExit(alice.program)
  bob.program.end()
  await expectExit(bob.program)
  for (const [side, file] of [
    [bob, toBob],
    [alice, toAlice],
  ] as const) {
    const stored = eventsNamed(side.program, 'message').find(({ path }) => path !== null)
    expect(stored).toMatchObject({ size: file.size, sha256: file.sha256 })
    expect(await sha256OfFile(String(stored?.path))).toBe(file.sha256)
    expect(side.program.peakMemory).toBeLessThan(memoryBound)
  }
  expect(relay.program.peakMemory).toBeLessThan(memoryBound)
})

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
    expect(bob.program.stderr.text).toMatch(/^error: "still there\?": .*481.*; confirmed 0 of 12 bytes$/m)
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
    expect(bob.program.stderr.text).toMatch(/^error: "are you there\?": .*; confirmed 0 of 14 bytes$/m)
  })
})
