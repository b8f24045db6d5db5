import { type Program, startMsrp } from './process.ts'
import type { TestRelay } from './relay.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { eventsNamed, pathOf, throughRelay } from './transfer.ts'

/** One of two who chat. */
export interface Side {
  program: Program
  /** Where files from the other side go. */
  folder: string
}

/** Two people who chat through a relay, each over one connection, and have said hello: one message each. */
export async function chatThrough(relay: TestRelay): Promise<{ alice: Side; bob: Side }> {
  const way = throughRelay(relay)
  const [atAlice, atBob] = [temporaryFolder(), temporaryFolder()]
  const bob = startMsrp(['chat', '--json', '--dir', atBob, ...way.receiver])
  const alice = startMsrp(['chat', '--json', '--dir', atAlice, ...(await pathOf(bob, way))])
  await say(alice, bob, 'hello bob')
  await say(bob, alice, 'hello alice')
  return { alice: { program: alice, folder: atAlice }, bob: { program: bob, folder: atBob } }
}

/**
 * Types a line on one side and waits until the other side shows it; how many milliseconds that took. A line is to be said
 * once only.
 */
export async function say(from: Program, to: Program, text: string, milliseconds = 20_000): Promise<number> {
  const start = performance.now()
  await from.write(`${text}\n`)
  await to.stdout.line(new RegExp(`"event":"message".*"text":"${text}"`), { milliseconds })
  return performance.now() - start
}

/** Whether a file from the other side is complete. */
export function hasFile({ program }: Side): boolean {
  return eventsNamed(program, 'message').some(({ path }) => path !== null)
}
