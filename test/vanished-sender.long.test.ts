import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeRandomFile } from './support/random-file.ts'
import { startRelay } from './support/relay.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { filesIn, nextEvent, startReceiver, startSender, throughRelay, underWay } from './support/transfer.ts'

test('a receiver behind a relay learns by itself that its sender is gone, and keeps nothing of the file', async () => {
  const relay = await startRelay()
  const file = await writeRandomFile(join(temporaryFolder(), 'big.bin'), 1024 * 1024 * 1024)
  const bob = await startReceiver(throughRelay(relay))
  const alice = startSender([file.path], bob)
  await underWay(bob.folder, 1024 * 1024)
  alice.kill('SIGKILL')
  await alice.exit()
  // It asks when 20 s have been silent.
  const error = await nextEvent(bob.program, ({ event }) => event === 'error', 40_000)
  expect(error).toMatchObject({ message: expect.stringContaining('big.bin did not arrive whole') })
  expect(filesIn(bob.folder)).toEqual([])
})
