import { randomBytes } from 'node:crypto'
import { open, readFile, readlink, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
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

/** `here`: a process of this machine that lives; `elsewhere`: one that cannot be seen from here, or that nobody can tell. */
export type HeldBy = 'nobody' | 'here' | 'elsewhere'

/**
 * A file that only one can have at a time: threads, processes, and containers that share a folder. It outlives its process
 * when that is killed, and then goes over to whoever takes it next.
 */
export class PartLock {
  readonly #path: string
  readonly #token: string

  private constructor(path: string, token: string) {
    this.#path = path
    this.#token = token
  }

  /** Takes the lock; undefined when somebody else has it. @throws the platform's error when the folder cannot be written */
  static async take(path: string): Promise<PartLock | undefined> {
    const holder: Holder = { token: randomBytes(12).toString('base64url'), ...(await thisProcess()) }
    const lock = new PartLock(path, holder.token)
    if (await create(path, holder)) return lock
    const former = await readHolder(path)
    if (former === undefined || (await standing(former)) !== 'nobody') return undefined
    // A dead process's lock is replaced only by the one who could create this file, which is named after that lock.
    const claim = `${path}.${former.token}`
    if (!(await create(claim, holder))) return undefined
    if ((await readHolder(path))?.token === former.token) {
      await rename(claim, path)
      return lock
    }
    await unlink(claim).catch(() => {})
    return undefined
  }

  /** Who has it. */
  static async heldBy(path: string): Promise<HeldBy> {
    const text = await readSmallFile(path).catch((cause) => (errorCode(cause) === 'ENOENT' ? undefined : ''))
    if (text === undefined) return 'nobody'
    const holder = parseHolder(text)
    return holder === undefined ? 'elsewhere' : standing(holder)
  }

  /** Gives it back. Never throws. */
  async release(): Promise<void> {
    if ((await readHolder(this.#path))?.token === this.#token) await unlink(this.#path).catch(() => {})
  }
}

async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(holder)}\n`)
    return true
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return false
    throw cause
  }
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

async function standing({ host, pid, start }: Holder): Promise<HeldBy> {
  if (host !== (await thisHost())) return 'elsewhere'
  if (!lives(pid)) return 'nobody'
  const now = await startOf(pid)
  return start === undefined || now === undefined || now === start ? 'here' : 'nobody'
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
