import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import type { Program } from './process.ts'
import { until } from './transfer.ts'

const MiB = 1024 * 1024

/** Memory and open files of a process under attack, seen from outside. Of Linux, by /proc. */
export class Watched {
  readonly #program: Program
  readonly #base: { memory: number; files: readonly string[] }
  #peak: number

  /** Looks at the process from now on, every 20 ms, until the end of the test. */
  constructor(program: Program) {
    this.#program = program
    this.#base = { memory: memoryOf(program), files: filesOf(program) }
    this.#peak = this.#base.memory
    const sampling = setInterval(() => this.#sample(), 20)
    onTestFinished(() => clearInterval(sampling))
  }

  /** Most resident memory since the beginning, in bytes. */
  get peak(): number {
    this.#sample()
    return this.#peak
  }

  /** By how much it has grown at most since the beginning, in bytes. */
  get growth(): number {
    return this.peak - this.#base.memory
  }

  /** Files, sockets among them, opened since the beginning and open now. */
  get filesMore(): number {
    return filesOf(this.#program).length - this.#base.files.length
  }

  /** Waits until no more files are open than in the beginning, and memory is near what it was: within `near` bytes. */
  async returned(near: number, milliseconds = 20_000): Promise<void> {
    const now = (): string => `files more: ${this.#newFiles().join(', ') || 'none'}; ${this.figures}`
    await until(
      () => this.filesMore <= 0 && memoryOf(this.#program) <= this.#base.memory + near,
      'return to where it began',
      milliseconds,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${now()} in ${this.#program.describe()}`)
    })
  }

  /** For people: memory at the beginning, at its peak, and now. */
  get figures(): string {
    const shown = [this.#base.memory, this.peak, memoryOf(this.#program)].map((bytes) => Math.round(bytes / MiB))
    return `base ${shown[0]} MiB, peak ${shown[1]} MiB, now ${shown[2]} MiB`
  }

  #newFiles(): string[] {
    return filesOf(this.#program).filter((file) => !this.#base.files.includes(file))
  }

  #sample(): void {
    this.#peak = Math.max(this.#peak, memoryOf(this.#program))
  }
}

/** Resident memory (VmRSS) in bytes; 0 when the process is gone. */
function memoryOf({ pid }: Program): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** What its open files are, such as `socket:[1234]`. */
function filesOf({ pid }: Program): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((file) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${file}`)]
    } catch {
      // Closed meanwhile.
      return []
    }
  })
}
