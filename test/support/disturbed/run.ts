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
import type { SenderTask, SentOnce } from './sender.ts'

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
  const { seed, messages, burst, reportTimeout } = options
  const folder = temporaryFolder()
  const authority = await newAuthority()
  const [relayA, relayB] = await Promise.all([mortalRelay('relay-a', authority), mortalRelay('relay-b', authority)])

  const receivers = await Promise.all(
    (['sink', 'file', 'reader'] as const).map(async (kind) => {
      const pathFiles = ['through-relay', 'direct'].map((way) => join(folder, `${kind}-${way}.path`))
      const log = join(folder, `${kind}.log`)
      const files = temporaryFolder()
      const relay = login(relayB.relay, relayB.relay.bob)
      const task: ReceiverTask = { kind, relay, ca: relayB.relay.ca, pathFiles, log, folder: files }
      const start = async (): Promise<Program> => startPart('receiver', task)
      const victim: Victim = {
        name: `${kind}-receiver`,
        program: await start(),
        ...(kind === 'reader' ? {} : { start }),
      }
      return { victim, pathFiles, log, files }
    }),
  )
  const pathFiles = receivers.map((receiver) => receiver.pathFiles)
  const described = receivers.map(({ victim }) => victim.program.describe()).join('\n')
  await until(() => pathFiles.flat().every(existsSync), `the paths of all receivers:\n${described}`, 30_000)

  const ways = [login(relayA.relay, relayA.relay.alice), undefined]
  const senders = ways.map((relay, index) => {
    const log = join(folder, `sender-${index}.log`)
    const share = messages / ways.length
    const task: SenderTask = {
      seed,
      first: index * share,
      messages: share,
      relay,
      ca: relayA.relay.ca,
      pathFiles: pathFiles.map((files) => files[index] ?? ''),
      burst,
      reportTimeout,
      log,
    }
    return { victim: { name: `sender-${index}`, program: startPart('sender', task) } as Victim, log }
  })

  const victims = [relayA, relayB, ...receivers, ...senders].map(({ victim }) => victim)
  const links = [relayA, relayB].map(({ link, victim }) => ({ name: `link-${victim.name}`, link }))
  const happened = await disturb(options, { victims, links, senders: senders.map(({ victim }) => victim) })
  for (const { victim } of senders) {
    const exit = await victim.program.exit(60_000)
    expect(exit, `what is pending: ${victim.program.describe()}`).toEqual({ code: 0, signal: null })
  }
  for (const { name, program } of victims.filter(({ name }) => !name.startsWith('sender'))) {
    expect(program.exited, `${name} ended by itself: ${program.describe()}`).toBeUndefined()
  }

  const taken = receivers.flatMap(({ log }) => linesOf<TakenMessage>(log))
  const stored = new Map<string, string[]>()
  for (const { files } of receivers) {
    for (const name of filesIn(files).filter((file) => !file.startsWith('.'))) {
      const [messageId = ''] = name.split(' ')
      stored.set(messageId, [...(stored.get(messageId) ?? []), await sha256OfFile(join(files, name))])
    }
  }
  for (const { messageId, sha256 } of taken.filter(({ dropped }) => !dropped)) {
    stored.set(messageId, [...(stored.get(messageId) ?? []), sha256])
  }
  expectNoneNewTwice(taken)
  return {
    ...expectNothingLost(
      senders.flatMap(({ log }) => linesOf<SentOnce>(log)),
      stored,
      messages,
    ),
    ...counts(),
  }

  function counts(): Pick<Account, 'duplicates' | 'disturbances'> {
    return { duplicates: taken.filter(({ duplicate }) => duplicate).length, disturbances: happened }
  }
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
      return on.senders.map(messagesBegun).reduce((sum, one) => sum + one, 0) >= due
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

/** How many messages a sender has begun. */
function messagesBegun({ program }: Victim): number {
  const last = program.stdout.lines.at(-1)
  return last === undefined ? 0 : (JSON.parse(last) as { begun: number }).begun
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
  const delivered = new Set<string>()
  const all = new Set<string>()
  const lost: SentOnce[] = []
  for (const sent of sends) {
    const { messageId, outcome, status, sha256 } = sent
    all.add(messageId)
    const named = status === undefined ? outcome : `${outcome} ${status}`
    outcomes[named] = (outcomes[named] ?? 0) + 1
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

function login(relay: TestRelay, { username, password }: RelayUser): SenderTask['relay'] & object {
  return { uri: relay.uri, username, password }
}

function startPart(part: 'sender' | 'receiver', task: SenderTask | ReceiverTask): Program {
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
