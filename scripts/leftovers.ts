import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Finds what a test run has left behind. Every process of the run inherits a variable with a value of its own, by which
 * it is found even when its parent is gone; looked at through /proc, hence on Linux only.
 */
export class Leftovers {
  static readonly supported: boolean = existsSync('/proc/self/environ')
  readonly #mark = `MSRP_TEST_RUN=${randomUUID()}`
  readonly #listeningBefore: Set<string> = listening()

  /** What the run's processes need in their environment. */
  get environment(): Record<string, string> {
    const [name = '', value = ''] = this.#mark.split('=')
    return { [name]: value }
  }

  /** Kills the processes that remain. */
  kill(): void {
    for (const pid of this.#processes()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Ended by itself meanwhile.
      }
    }
  }

  /**
   * One line for each process and each listening port that remains. What is just ending gets `patience` ms for it. With
   * `unowned`, new ports also count that nobody can be told to hold, such as those of a server that has overwritten its
   * environment with its title: for a machine that runs nothing else.
   */
  async find({ patience = 3_000, unowned = false }: { patience?: number; unowned?: boolean } = {}): Promise<string[]> {
    for (const end = performance.now() + patience; ; await delay(50)) {
      const found = this.#look(unowned)
      if (found.length === 0 || performance.now() > end) return found
    }
  }

  #look(unowned: boolean): string[] {
    const open = listening()
    const take = (pid: number): string[] => {
      const held = socketsOf(pid)
      const lines = [...open].filter((line) => held.has(inodeOf(line)))
      for (const line of lines) open.delete(line)
      return lines
    }
    const found = this.#processes().map((pid) =>
      [`process ${pid}: ${commandLine(pid)}`, ...take(pid).map((line) => `listening ${line}`)].join(', '),
    )
    if (unowned) {
      for (const pid of processes().filter(isClearlyAnothers)) take(pid)
      for (const line of open) if (!this.#listeningBefore.has(line)) found.push(`listening ${line}`)
    }
    return found
  }

  #processes(): number[] {
    return processes().filter((pid) => pid !== process.pid && environment(pid).includes(this.#mark))
  }
}

function processes(): number[] {
  if (!Leftovers.supported) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function environment(pid: number): string[] {
  return read(`/proc/${pid}/environ`).split('\0')
}

/** It shows an intact environment, which lacks our mark. */
function isClearlyAnothers(pid: number): boolean {
  return environment(pid).some((variable) => variable.startsWith('PATH='))
}

/** Listening TCP sockets as `tcp 0100007F:0B27 inode 4711`: the address as /proc writes it, made readable. */
function listening(): Set<string> {
  const found = new Set<string>()
  for (const table of ['tcp', 'tcp6']) {
    for (const row of read(`/proc/net/${table}`).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state === '0A') found.add(`${table} port ${Number.parseInt(port, 16)} (address ${address}) inode ${inode}`)
    }
  }
  return found
}

function inodeOf(line: string): string {
  return line.slice(line.lastIndexOf(' ') + 1)
}

function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>()
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const match = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))
      if (match?.[1]) inodes.add(match[1])
    }
  } catch {
    // Ended meanwhile, or another user's.
  }
  return inodes
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
