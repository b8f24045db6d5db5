import { type Program, startMsrp } from './process.ts'
import type { TestRelay } from './relay.ts'
import { temporaryFolder, temporaryFolderOfFile } from './temporary-folder.ts'
import { eventsNamed, type PartnerOptions, pathOf, throughRelay, type Way } from './transfer.ts'

/** One of two who chat. */
export interface Side {
  program: Program
  /** Where files from the other side go. */
  folder: string
}

/** Two people who chat through a relay, each over one connection, and have said hello: one message each. */
export function chatThrough(relay: TestRelay, options?: PartnerOptions): Promise<{ alice: Side; bob: Side }> {
  return chat(throughRelay(relay), options)
}

/** The same over any way; bob is the one who waits. `args` and `env` are for both. */
export async function chat(
  way: Way,
  { args = [], lifetime = 'test', env }: PartnerOptions = {},
): Promise<{ alice: Side; bob: Side }> {
  const folder = lifetime === 'file' ? temporaryFolderOfFile : temporaryFolder
  const [atAlice, atBob] = [folder(), folder()]
  const bob = startMsrp(['chat', '--json', '--dir', atBob, ...args, ...way.receiver], {
    lifetime,
    env,
    within: way.within?.receiver,
  })
  const to = await pathOf(bob, way)
  const alice = startMsrp(['chat', '--json', '--dir', atAlice, ...args, ...to], {
    lifetime,
    env,
    within: way.within?.sender,
  })
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
