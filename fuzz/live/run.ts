import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Finding } from '../workers.ts'
import { attack, type Victims } from './attack.ts'
import { EndpointVictim } from './endpoint.ts'
import { RelayVictim } from './relay.ts'
import type { Victim } from './victim.ts'

/** What a run against live programs came to. */
export interface LiveResult {
  readonly connections: number
  readonly seconds: number
  readonly ways: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
  /** Resident memory in bytes, by program: the most after a batch, and at the end. */
  readonly memory: Readonly<Record<string, { readonly most: number; readonly end: number }>>
}

export interface LiveOptions {
  readonly seed: number
  /** The first number; 0 when absent. */
  readonly from?: number
  readonly connections: number
  /** How many at a time. */
  readonly concurrency: number
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
}

/** Connections between two looks at the programs. */
const BATCH = 250

/** Resident bytes that a program may take, whatever comes. */
const MOST_MEMORY = 256 * 1024 * 1024

/** By how many bytes, without garbage, it may grow in the second half of a run. */
const MOST_GROWTH = 2 * 1024 * 1024

/** Sockets that may remain, for what is just ending, and how long to wait for it. Milliseconds. */
const SPARE_SOCKETS = 2
const QUIET_TIME = 20_000

const MOST_FINDINGS = 20

/** Attacks a relay process and an endpoint process, and looks after each batch whether they serve as before. */
export async function runLive(options: LiveOptions): Promise<LiveResult> {
  const folder = mkdtempSync(join(tmpdir(), 'msrp-fuzz-'))
  const [relay, endpoint] = await Promise.all([RelayVictim.start(folder, options.seed), EndpointVictim.start(folder)])
  try {
    return await new Run({ relay, endpoint }, options).all()
  } finally {
    await Promise.all([relay.close(), endpoint.close()])
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

class Run {
  readonly #victims: Victims
  readonly #options: LiveOptions
  readonly #from: number
  readonly #findings: Finding[] = []
  readonly #ways: Record<string, number> = {}
  readonly #memory: Record<string, { most: number; end: number }> = {}
  /** Bytes that each program keeps after half of the connections. */
  readonly #halfWay: Record<string, number> = {}
  #done = 0

  constructor(victims: Victims, options: LiveOptions) {
    this.#victims = victims
    this.#options = options
    this.#from = options.from ?? 0
  }

  async all(): Promise<LiveResult> {
    const { connections, signal, onProgress } = this.#options
    const victims: Victim[] = Object.values(this.#victims)
    const began = performance.now()
    for (const victim of victims) await this.#look(victim, this.#from)
    const sockets = victims.map(({ server }) => server.sockets)
    while (this.#done < connections && !signal?.aborted && this.#findings.length < MOST_FINDINGS) {
      const first = this.#from + this.#done
      await this.#batch(first, Math.min(BATCH, connections - this.#done))
      if (signal?.aborted) break
      for (const victim of victims) await this.#look(victim, first)
      onProgress?.(this.#done)
      if (victims.some(({ server }) => server.trouble?.includes('has ended'))) break
    }
    for (const [number, victim] of victims.entries()) {
      if (!signal?.aborted) await this.#quiet(victim, sockets[number] ?? 0)
    }
    return {
      connections: this.#done,
      seconds: (performance.now() - began) / 1000,
      ways: this.#ways,
      findings: this.#findings,
      memory: this.#memory,
    }
  }

  async #batch(first: number, size: number): Promise<void> {
    let next = first
    const one = async (): Promise<void> => {
      while (next < first + size) {
        const index = next++
        try {
          const way = await attack(this.#victims, this.#options.seed, index)
          this.#ways[way] = (this.#ways[way] ?? 0) + 1
        } catch (error) {
          // Ctrl-C ends the programs as well, before this process hears of it.
          await delay(50)
          this.#found(index, error)
        }
        this.#done++
      }
    }
    await Promise.all(Array.from({ length: this.#options.concurrency }, one))
  }

  /** Whether it runs without complaint, serves, and takes no more memory than it may. */
  async #look(victim: Victim, index: number): Promise<void> {
    const { server } = victim
    const { memory, name } = server
    const before = this.#memory[name]?.most ?? 0
    this.#memory[name] = { most: Math.max(before, memory), end: memory }
    if (this.#done <= this.#options.connections / 2) this.#halfWay[name] = await server.kept()
    if (memory > MOST_MEMORY) this.#found(index, new Error(`${name} takes ${memory} bytes of memory`))
    if (server.trouble !== undefined) {
      this.#found(index, new Error(server.trouble))
      return
    }
    await victim.check().catch((error: unknown) => this.#found(index, error))
  }

  /** Waits until nothing is left of the connections. */
  async #quiet({ server }: Victim, before: number): Promise<void> {
    const end = performance.now() + QUIET_TIME
    while (server.sockets > before + SPARE_SOCKETS && performance.now() < end) await delay(50)
    if (server.sockets > before + SPARE_SOCKETS) {
      this.#found(
        this.#from,
        new Error(`${server.name} has ${server.sockets} files and sockets open, ${before} before`),
      )
    }
    if (server.trouble !== undefined) this.#found(this.#from, new Error(server.trouble))
    const growth = (await server.kept()) - (this.#halfWay[server.name] ?? 0)
    if (growth > MOST_GROWTH) {
      this.#found(this.#from, new Error(`${server.name} grew by ${growth} bytes in the second half of the run`))
    }
  }

  #found(index: number, error: unknown): void {
    if (this.#options.signal?.aborted) return
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#findings.push({ target: 'live', seed: this.#options.seed, index, message })
  }
}
