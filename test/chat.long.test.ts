import { beforeAll, test } from 'vitest'
import { chatThrough, say } from './support/chat.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { expectExit } from './support/transfer.ts'

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

test('a chat through a relay ends by itself when the other side has left or is gone', async () => {
  const [left, killed] = await Promise.all([chatThrough(relay), chatThrough(relay)])
  left.alice.program.end()
  await expectExit(left.alice.program)
  killed.alice.program.kill('SIGKILL')
  // Nobody tells and nobody types: the one who is left asks after a while.
  await Promise.all([expectExit(left.bob.program, 0, 60_000), expectExit(killed.bob.program, 0, 60_000)])
})

test('a chat in which nobody says anything for a minute is still there', async () => {
  const { alice, bob } = await chatThrough(relay)
  await new Promise((resolve) => setTimeout(resolve, 60_000))
  await say(alice.program, bob.program, 'after a while')
  await say(bob.program, alice.program, 'still here')
})
