import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Random } from '../../../fuzz/random.ts'
import { freePort } from '../free-port.ts'
import { type Program, startMsrp, startProgram } from '../process.ts'
import { sha256OfFile } from '../random-file.ts'
import { newAuthority, type RelayUser, startRelay, type TestAuthority, type TestRelay } from '../relay.ts'
import { repositoryRoot } from '../repository.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { filesIn, until } from '../transfer.ts'
import { drawDisturbance, type Lengths, type Victim } from './disturbances.ts'
import { Link } from './link.ts'
import type { ReceiverTask, TakenMessage } from './receiver.ts'
import type { SenderProgress, SenderTask, SentOnce } from './sender.ts'

/** Of a run that is to be the same as another one, as far as the machine lets it. */
export const givenSeed: number | undefined = process.env.SEED === undefined ? undefined : Number(process.env.SEED)

/** How much of it. */
export interface DisturbedRunOptions {
  /** Draws the messages and what happens to whom; when exactly it strikes is up to the machine. */
  readonly seed: number
  readonly messages: number
  readonly disturbances: number
  /** Most messages that one session begins at once. */
  readonly burst: number
  readonly lengths: Lengths
  /** Milliseconds. */
  readonly reportTimeout: number
}

/** What became of it all. */
export interface Account {
  /** By Message-ID: told to be delivered, on any try, and failed on each. */
  readonly delivered: number
  readonly failed: number
  /** Calls of `send`, and what they ended with. */
  readonly sends: number
  readonly outcomes: Readonly<Record<string, number>>
  /** Those of them that failed and were the subject of a failure REPORT, by its status. */
  readonly reported: Readonly<Record<string, number>>
  /** Sent again, all of it or what was not confirmed. */
  readonly repeated: number
  readonly resumed: number
  /** Known for duplicates by the receiver. */
  readonly duplicates: number
  /** What happened, by name. */
  readonly disturbances: Readonly<Record<string, number>>
}

/**
 * Two senders, one with a relay of its own and one without, send to three receivers behind another relay, six sessions at
 * a time, while processes are killed and stopped and connections cut, stalled and lost. Everything is a process of its
 * own, and every connection of a relay goes over a link that can suffer. Asserts that each `send` was settled, that
 * whatever was told to be delivered is whole where it should be, and that nothing was shown twice as new.
 */
export async function disturbedRun(options: DisturbedRunOptions): Promise<Account> {
  try {
    const account = await run(options)
    console.log(`seed ${options.seed}: ${JSON.stringify(account)}`)
    return account
  } catch (cause) {
    throw new Error(`seed ${options.seed} (again with SEED=${options.seed})`, { cause })
  }
}

async function run(options: DisturbedRunOptions): Promise<Account> {
  const folder = temporaryFolder()
  const authority = await newAuthority()
  const [relayA, relayB] = await Promise.all([mortalRelay('relay-a', authority), mortalRelay('relay-b', authority)])
  const receivers = startReceivers(relayB.relay, folder)
  const paths = receivers.flatMap(({ pathFiles }) => pathFiles)
  await until(() => paths.every(existsSync), 'the paths of all receivers', 30_000)
  const senders = startSenders(options, relayA.relay, receivers, folder)

  const victims = [relayA, relayB, ...receivers, ...senders].map(({ victim }) => victim)
  const links = [relayA, relayB].map(({ link, victim }) => ({ name: `link-${victim.name}`, link }))
  const disturbances = await disturb(options, { victims, links, senders: senders.map(({ victim }) => victim) })
  const sends: SentOnce[] = []
  for (const { victim, log } of senders) {
    const exit = await victim.program.exit(90_000)
    expect(exit, `what is pending: ${victim.program.describe()}`).toEqual({ code: 0, signal: null })
    const told = linesOf<SentOnce>(log)
    expect(progressOf(victim), 'a send that was never settled').toMatchObject({
      sent: told.length,
      settled: told.length,
    })
    sends.push(...told)
  }
  for (const { name, program } of [relayA, relayB, ...receivers].map(({ victim }) => victim)) {
    expect(program.exited, `${name} ended by itself: ${program.describe()}`).toBeUndefined()
  }

  const taken = receivers.flatMap(({ log }) => linesOf<TakenMessage>(log))
  expectNoneNewTwice(taken)
  const account = expectNothingLost(sends, await storedBy(receivers, taken), options.messages)
  return { ...account, duplicates: taken.filter(({ duplicate }) => duplicate).length, disturbances }
}

interface Receiver {
  victim: Victim
  /** For the sender with a relay, and for the one without. */
  pathFiles: readonly [string, string]
  log: string
  /** Where it stores files. */
  files: string
}

function startReceivers(relay: TestRelay, folder: string): Receiver[] {
  return (['sink', 'file', 'reader'] as const).map((kind) => {
    const pathFiles = [join(folder, `${kind}-relayed.path`), join(folder, `${kind}-direct.path`)] as const
    const log = join(folder, `${kind}.log`)
    const files = temporaryFolder()
    const task: ReceiverTask = { kind, relay: login(relay, relay.bob), ca: relay.ca, pathFiles, log, folder: files }
    const start = (): Program => startPart('receiver', task)
    const mortal = kind === 'reader' ? {} : { start: async () => start() }
    return { victim: { name: `${kind}-receiver`, program: start(), ...mortal }, pathFiles, log, files }
  })
}

interface Sender {
  victim: Victim
  log: string
}

function startSenders(
  { seed, messages, burst, reportTimeout }: DisturbedRunOptions,
  relay: TestRelay,
  receivers: readonly Receiver[],
  folder: string,
): Sender[] {
  const ways = [login(relay, relay.alice), undefined]
  const share = messages / ways.length
  return ways.map((own, index) => {
    const log = join(folder, `sender-${index}.log`)
    const pathFiles = receivers.map((receiver) => receiver.pathFiles[index] ?? '')
    const first = index * share
    const task = { seed, first, messages: share, relay: own, ca: relay.ca, pathFiles, burst, reportTimeout, log }
    return { victim: { name: `sender-${index}`, program: startPart('sender', task) }, log }
  })
}

/** The hashes of what receivers have, by Message-ID. */
async function storedBy(
  receivers: readonly Receiver[],
  taken: readonly TakenMessage[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const stored = new Map<string, string[]>()
  const add = (messageId: string, sha256: string): void => {
    stored.set(messageId, [...(stored.get(messageId) ?? []), sha256])
  }
  for (const { messageId, sha256, dropped } of taken) if (!dropped) add(messageId, sha256)
  for (const { files } of receivers) {
    // Unfinished ones begin with a dot.
    for (const name of filesIn(files).filter((file) => !file.startsWith('.'))) {
      add(name.split(' ')[0] ?? '', await sha256OfFile(join(files, name)))
    }
  }
  return stored
}

/** One disturbance after every so many messages, some of them at once, until all are sent; what happened, by name. */
async function disturb(
  { seed, messages, disturbances, lengths }: DisturbedRunOptions,
  on: { victims: Victim[]; links: { name: string; link: Link }[]; senders: Victim[] },
): Promise<Record<string, number>> {
  const random = new Random(seed)
  const underWay = new Map<object, Promise<void>>()
  const happened: Record<string, number> = {}
  let failure: unknown
  for (let count = 0; count < disturbances; count++) {
    const disturbance = drawDisturbance(random, on.victims, on.links, lengths)
    const due = Math.floor(((count + 1) * messages) / (disturbances + 1))
    const reached = (): boolean => {
      if (failure !== undefined) throw failure
      return on.senders.reduce((sum, sender) => sum + progressOf(sender).begun, 0) >= due
    }
    await until(reached, `message ${due} of ${messages}`, 90_000)
    await underWay.get(disturbance.victim)
    const over = disturbance.happen().catch((error: unknown) => {
      failure ??= error
    })
    underWay.set(disturbance.victim, over)
    happened[disturbance.name] = (happened[disturbance.name] ?? 0) + 1
  }
  await Promise.all(underWay.values())
  if (failure !== undefined) throw failure
  return happened
}

/** What a sender has told last. */
function progressOf({ program }: Victim): SenderProgress {
  const last = program.stdout.lines.at(-1)
  return last === undefined ? { begun: 0, sent: 0, settled: 0 } : (JSON.parse(last) as SenderProgress)
}

function expectNoneNewTwice(taken: readonly TakenMessage[]): void {
  const seen = new Set<string>()
  for (const { messageId, process, duplicate } of taken) {
    const once = `${messageId} in process ${process}`
    if (!duplicate && seen.has(once)) expect.unreachable(`${once} was shown twice as new`)
    seen.add(once)
  }
}

function expectNothingLost(
  sends: readonly SentOnce[],
  stored: ReadonlyMap<string, readonly string[]>,
  messages: number,
): Omit<Account, 'duplicates' | 'disturbances'> {
  const outcomes: Record<string, number> = {}
  const reported: Record<string, number> = {}
  const delivered = new Set<string>()
  const all = new Set<string>()
  const lost: SentOnce[] = []
  for (const sent of sends) {
    const { messageId, outcome, status, reported: report, sha256 } = sent
    all.add(messageId)
    const named = status === undefined ? outcome : `${outcome} ${status}`
    outcomes[named] = (outcomes[named] ?? 0) + 1
    if (outcome !== 'delivered' && report !== undefined) reported[report] = (reported[report] ?? 0) + 1
    if (outcome !== 'delivered') continue
    delivered.add(messageId)
    if (!stored.get(messageId)?.includes(sha256)) lost.push(sent)
  }
  expect(lost, 'delivered, and not there').toEqual([])
  expect(Object.keys(outcomes)).not.toContain('not an MsrpError')
  expect(all.size).toBe(messages)
  return {
    delivered: delivered.size,
    failed: all.size - delivered.size,
    sends: sends.length,
    outcomes,
    reported,
    repeated: sends.filter(({ repeated }) => repeated > 0).length,
    resumed: sends.filter(({ resumedFrom }) => resumedFrom > 0).length,
  }
}

interface MortalRelay {
  relay: TestRelay
  victim: Victim
  link: Link
}

/** A relay that is reached over a link, and comes back at the same place with all that it has on its disk. */
async function mortalRelay(name: string, authority: TestAuthority): Promise<MortalRelay> {
  const [port, advertised] = [await freePort(), await freePort()]
  const link = await Link.open(advertised, port)
  const settings = { advertised: { port: advertised } }
  const relay = await startRelay({ name: `${name}.localhost`, authority, port, settings })
  const start = async (): Promise<Program> => {
    const program = startMsrp(['relay', '--json', '--config', relay.config])
    await program.stdout.line(/^\{"event":"listening"/, { milliseconds: 60_000 })
    return program
  }
  return { relay, link, victim: { name, program: relay.program, start } }
}

/** What somebody needs to log in to a relay. */
export function login(relay: TestRelay, { username, password }: RelayUser): SenderTask['relay'] & object {
  return { uri: relay.uri, username, password }
}

/** Starts one of the programs of a run. */
export function startPart(part: 'sender' | 'receiver', task: SenderTask | ReceiverTask): Program {
  const file = join(repositoryRoot, `test/support/disturbed/${part}.ts`)
  return startProgram(process.execPath, [file, JSON.stringify(task)])
}

/** A killed process may leave half a line at the end, which says nothing. */
function linesOf<T>(log: string): T[] {
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): T => JSON.parse(line) as T)
}
