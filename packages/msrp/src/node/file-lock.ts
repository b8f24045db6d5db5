import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readFile, readlink, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Cancel, Clock } from '../connection/index.ts'
import { nodeClock } from './node-clock.ts'
import { readSmallFile } from './small-file.ts'
import { errorCode } from './socket-error.ts'

/** Who holds a lock. */
interface Holder {
  /** Random: no two locks are the same, whoever made them. */
  readonly token: string
  /** Where `pid` means something: the machine and, on Linux, the container. */
  readonly host: string
  readonly pid: number
  /** When the process began, where that can be told: another one with its number is another process. */
  readonly start: string | undefined
}

/** A holder says so often that it lives, and one of another machine or container counts as dead after so long. Milliseconds. */
const TOUCH_EVERY = 60_000
const DEAD_AFTER = 10 * 60_000

/**
 * A file that only one can have at a time: threads, processes, and machines or containers that share a folder. It outlives its
 * process when that is killed, and then goes over to whoever takes it next: at once on the same machine and in the same
 * container, elsewhere ten minutes after its holder last touched it, which it does every minute.
 */
export class FileLock {
  readonly #path: string
  readonly #token: string
  readonly #file: FileHandle
  readonly #clock: Clock
  #cancel: Cancel = () => {}

  private constructor(path: string, token: string, file: FileHandle, clock: Clock) {
    this.#path = path
    this.#token = token
    this.#file = file
    this.#clock = clock
    this.#touchLater()
  }

  /** Takes the lock; undefined when somebody else has it. @throws the platform's error when the folder cannot be written */
  static async take(path: string, clock: Clock = nodeClock): Promise<FileLock | undefined> {
    const holder: Holder = { token: randomBytes(12).toString('base64url'), ...(await thisProcess()) }
    const file = await acquire(path, holder)
    return file && new FileLock(path, holder.token, file, clock)
  }

  /** Whether somebody has it. */
  static async isHeld(path: string): Promise<boolean> {
    return (await standing(path))?.lives === true
  }

  /** Gives it back. Never throws. */
  async release(): Promise<void> {
    this.#cancel()
    await this.#file.close().catch(() => {})
    if ((await readHolder(this.#path))?.token === this.#token) await unlink(this.#path).catch(() => {})
  }

  #touchLater(): void {
    this.#cancel = this.#clock.after(TOUCH_EVERY, () => {
      // The file itself, not its path, which may be another holder's by now.
      const now = new Date()
      this.#file.utimes(now, now).catch(() => {})
      this.#touchLater()
    })
  }
}

/** Creates a lock, or replaces that of a dead holder; undefined when somebody else has it, or is about to. */
async function acquire(path: string, holder: Holder): Promise<FileHandle | undefined> {
  const fresh = await create(path, holder)
  if (fresh !== undefined) return fresh
  const former = await standing(path)
  if (former === undefined || former.lives) return undefined
  // Only by the one who has the lock that is named after it: also that one may be of somebody who died over this.
  const claim = `${path}.${former.token}`
  const file = await acquire(claim, holder)
  if (file === undefined) return undefined
  try {
    const now = await standing(path)
    if (now?.lives === false && now.token === former.token) {
      await rename(claim, path)
      return file
    }
  } catch (cause) {
    await remove(claim, file)
    throw cause
  }
  await remove(claim, file)
  return undefined
}

/** Creates a lock; undefined when it is there. */
async function create(path: string, holder: Holder): Promise<FileHandle | undefined> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    if (errorCode(cause) === 'EEXIST') return undefined
    throw cause
  })
  try {
    await file?.writeFile(`${JSON.stringify(holder)}\n`)
    return file
  } catch (cause) {
    // Nobody could tell whose it is.
    await remove(path, file)
    throw cause
  }
}

async function remove(path: string, file: FileHandle | undefined): Promise<void> {
  await file?.close().catch(() => {})
  await unlink(path).catch(() => {})
}

async function readHolder(path: string): Promise<Holder | undefined> {
  return parseHolder(await readSmallFile(path).catch(() => ''))
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { token, host, pid, start } = JSON.parse(text) as Record<string, unknown>
    // The token becomes part of a file's name.
    if (typeof token !== 'string' || !/^[\w-]{16}$/.test(token)) return undefined
    if (typeof host !== 'string' || !Number.isSafeInteger(pid) || Number(pid) <= 0) return undefined
    return { token, host, pid: Number(pid), start: typeof start === 'string' ? start : undefined }
  } catch {
    return undefined
  }
}

/** Whether the holder of a lock lives, and what the lock's successor is named after; undefined when there is none. */
async function standing(path: string): Promise<{ lives: boolean; token: string } | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  if (facts === undefined) return undefined
  const holder = await readHolder(path)
  const { token = 'unknown' } = holder ?? {}
  if (holder?.host === (await thisHost())) return { lives: await livesHere(holder), token }
  return { lives: Date.now() - facts.mtimeMs < DEAD_AFTER, token }
}

async function livesHere({ pid, start }: Holder): Promise<boolean> {
  if (!lives(pid)) return false
  const now = await startOf(pid)
  return start === undefined || now === undefined || now === start
}

async function thisProcess(): Promise<Omit<Holder, 'token'>> {
  const { pid } = process
  return { host: await thisHost(), pid, start: await startOf(pid) }
}

/** Containers may share a name, but not their numbers of processes. */
async function thisHost(): Promise<string> {
  return `${hostname()} ${await readlink('/proc/self/ns/pid').catch(() => '')}`
}

/** Boot and clock tick at which a process began (proc(5)); undefined on other systems than Linux. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const facts = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name that may have blanks and brackets; the start is the 22nd.
    return `${boot.trim()} ${facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return undefined
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCode(cause) === 'EPERM'
  }
}
