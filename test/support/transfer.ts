import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { eventFlaw } from '../../packages/cli/test/event-schema.ts'
import { type Program, type ProgramOptions, startMsrp } from './process.ts'
import type { RelayUser, TestRelay } from './relay.ts'
import { temporaryFolder, temporaryFolderOfFile } from './temporary-folder.ts'

/** What an msrp process may take at its peak: the task's bound, in bytes. */
export const memoryBound = 200_000_000

/** A line of `--json`. */
export type JsonEvent = Record<string, unknown> & { event: string }

/** How a sender gets to a receiver: what either adds to its command line. */
export interface Way {
  receiver: readonly string[]
  sender: readonly string[]
  /** In which network each of them is; see `ProgramOptions`. */
  within?: { receiver: readonly string[]; sender: readonly string[] }
}

/** Both log in to a relay, as alice and bob unless others are named. */
export function throughRelay(relay: TestRelay, users: { sender?: RelayUser; receiver?: RelayUser } = {}): Way {
  const { sender = relay.alice, receiver = relay.bob } = users
  return { receiver: relay.options(receiver), sender: relay.options(sender) }
}

export const overTcp: Way = { receiver: ['--listen', '127.0.0.1:0'], sender: [] }

/** With a certificate for one run, which the receiver prints for its sender. */
export const overTls: Way = { receiver: ['--listen', '127.0.0.1:0', '--tls'], sender: [] }

export interface PartnerOptions extends Pick<ProgramOptions, 'lifetime' | 'env' | 'cwd' | 'within'> {
  args?: readonly string[]
}

/** Somebody who waits: `msrp receive`, or `msrp chat` without `--to`. */
export interface Waiting {
  program: Program
  /** Where its files go; nothing else is there. */
  folder: string
  /** The options with which a sender gets here. */
  to: readonly string[]
}

/** Starts a receiver with a folder of its own, and waits for its path. */
export async function startReceiver(way: Way, options: PartnerOptions = {}): Promise<Waiting> {
  const folder = options.lifetime === 'file' ? temporaryFolderOfFile() : temporaryFolder()
  const { args = [], ...rest } = options
  const within = way.within?.receiver
  const command = ['receive', '--json', '--dir', folder, ...way.receiver, ...args]
  const program = startMsrp(command, { cwd: folder, within, ...rest })
  return { program, folder, to: await pathOf(program, way) }
}

/** The options with which a sender gets to a program that waits, once it says so. */
export async function pathOf(program: Program, way: Way): Promise<readonly string[]> {
  const [line] = await program.stdout.line(/^\{"event":"listening".*\}$/)
  const { path, ca } = JSON.parse(line) as { path: string; ca?: string }
  return ['--to', path, ...way.sender, ...(ca === undefined ? [] : ['--ca', ca])]
}

/** Starts `msrp send --json`. */
export function startSender(
  args: readonly string[],
  { to }: Pick<Waiting, 'to'>,
  options: Omit<PartnerOptions, 'args'> & Pick<ProgramOptions, 'input'> = {},
): Program {
  return startMsrp(['send', '--json', ...args, ...to], options)
}

/** Waits for a program's end; a wrong exit code is shown with what the program printed. */
export async function expectExit(program: Program, code = 0, milliseconds?: number): Promise<void> {
  const exit = await program.exit(milliseconds)
  expect(exit, program.describe()).toEqual({ code, signal: null })
}

/** The events so far; each is one that docs/json-events.md describes. */
export function eventsOf(program: Program): JsonEvent[] {
  const events = program.stdout.json as JsonEvent[]
  for (const event of events) expect(eventFlaw(event)).toBeUndefined()
  return events
}

/** The events of one kind so far. */
export function eventsNamed(program: Program, name: string): JsonEvent[] {
  return eventsOf(program).filter(({ event }) => event === name)
}

/** Events on the way to an outcome. */
const onTheWay = new Set(['progress', 'listening', 'sent', 'description', 'offered'])

/** The final events of a receiver or sender that did what it was asked for, without progress. */
export function outcomeOf(program: Program): JsonEvent[] {
  return eventsOf(program).filter(({ event }) => !onTheWay.has(event))
}

/** Waits for an event that fits; it may have come already. */
export async function nextEvent(
  program: Program,
  fits: (event: JsonEvent) => boolean,
  milliseconds = 10_000,
): Promise<JsonEvent> {
  return await until(
    () => {
      const found = eventsOf(program).find(fits)
      if (found === undefined && program.exited !== undefined) throw new Error(`ended before: ${program.describe()}`)
      return found
    },
    `such an event of ${program.describe()}`,
    milliseconds,
  )
}

/** Asks every 10 ms until there is an answer. */
export async function until<T>(look: () => T | undefined | false, what: string, milliseconds = 10_000): Promise<T> {
  const deadline = performance.now() + milliseconds
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not in ${milliseconds} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Bytes in the unfinished files of a folder. */
export function unfinishedBytes(folder: string): number {
  return filesIn(folder)
    .filter((name) => name.startsWith('.msrp-') && name.endsWith('.part'))
    .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** Waits until so many bytes of an unfinished file are in a folder: its transfer is in full swing. */
export async function underWay(folder: string, bytes: number, milliseconds = 20_000): Promise<void> {
  await until(() => unfinishedBytes(folder) >= bytes, `${bytes} bytes in ${folder}`, milliseconds)
}

/** Names in a folder, sorted; none when there is no folder. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Resident memory of a process at this moment, in bytes; also of one that is stopped. */
export function residentMemory({ pid }: Program): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** The progress of one file: never backwards, never beyond its size, and its last word is the size. */
export function expectProgress(
  program: Program,
  file: { direction: 'sending' | 'receiving'; name: string | null; size: number; announced?: boolean },
): void {
  const { direction, name, size, announced = true } = file
  const events = eventsNamed(program, 'progress').filter((event) => event.name === name)
  expect(events.length).toBeGreaterThan(0)
  let before = 0
  for (const event of events) {
    expect(event).toMatchObject({ direction, messageId: events[0]?.messageId })
    expect(event.bytes).toBeGreaterThanOrEqual(before)
    expect(event.total === size || (!announced && event.total === null)).toBe(true)
    before = Number(event.bytes)
  }
  expect(events.at(-1)).toMatchObject({ bytes: size, total: size })
}
