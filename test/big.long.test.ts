import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type RandomFile, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { temporaryFolderOfFile } from './support/temporary-folder.ts'
import {
  expectExit,
  expectProgress,
  memoryBound,
  outcomeOf,
  overTcp,
  overTls,
  startReceiver,
  startSender,
  throughRelay,
  type Way,
} from './support/transfer.ts'

const GiB = 1024 ** 3

let relay: TestRelay
let file: RandomFile

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
  file = await writeRandomFile(join(temporaryFolderOfFile(), 'huge.bin'), GiB)
})

test.each<[string, () => Way]>([
  ['through the relay over TLS, both users logged in', () => throughRelay(relay)],
  ['directly over TCP', () => overTcp],
  ['directly over TLS', () => overTls],
])('1 GiB arrives whole, and nobody takes 200 MB: %s', async (_, way) => {
  const bob = await startReceiver(way(), { args: ['--count', '1'] })
  const alice = startSender([file.path], bob)
  await expectExit(alice, 0, 300_000)
  await expectExit(bob.program)
  const stored = join(bob.folder, 'huge.bin')
  expect(outcomeOf(bob.program)).toEqual([
    expect.objectContaining({ event: 'message', size: GiB, sha256: file.sha256, path: stored }),
    { event: 'done', messages: 1, bytes: GiB },
  ])
  expect(await sha256OfFile(stored)).toBe(file.sha256)
  expectProgress(alice, { direction: 'sending', name: 'huge.bin', size: GiB })
  expectProgress(bob.program, { direction: 'receiving', name: 'huge.bin', size: GiB })
  for (const program of [alice, bob.program, relay.program]) {
    expect(program.peakMemory, program.describe()).toBeLessThan(memoryBound)
  }
})
