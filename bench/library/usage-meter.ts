import type { Usage } from './job.ts'

/** Reads what this process uses from the operating system's account of it. */
export class UsageMeter {
  readonly #startedAt = performance.now()
  readonly #cpu = process.cpuUsage()
  #peakAtQuarter = 0

  /** A quarter of the work is done. */
  quarter(): void {
    this.#peakAtQuarter = peak()
  }

  usage(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      seconds: (performance.now() - this.#startedAt) / 1000,
      cpuSeconds: (user + system) / 1e6,
      peakAtQuarter: this.#peakAtQuarter,
      peak: peak(),
    }
  }
}

function peak(): number {
  return process.resourceUsage().maxRSS * 1024
}
