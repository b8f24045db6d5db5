import { expect, onTestFinished } from 'vitest'
import { heapOf } from './heap.ts'
import type { Victim } from './victim.ts'
import { Watched } from './watched.ts'

const MiB = 1024 * 1024

/**
 * What a relay or an endpoint takes by itself, under load, with the garbage that the runtime lets gather; see "Memory" in
 * docs/relay.md. Bytes.
 */
const OWN = 200 * MiB

/**
 * What a process may keep of an attack, garbage aside: a few connections, memory that it will use again, and what has run
 * for the first time. Bytes.
 */
const KEPT = 5 * MiB

/** Garbage that gathers under load before it is collected. Bytes. */
const GARBAGE = 96 * MiB

/**
 * What a process has given back may stay with its allocator, besides as much as the attack cost: memory is near what it was
 * when it is within this. Bytes.
 */
const NEAR = 96 * MiB

/** What an attack may cost. */
export interface Cost {
  /** Bytes beside what the process takes by itself; 40 MiB when absent: some connections. */
  memory?: number
  /** Bytes that the process may keep while the attackers are there, garbage aside; `KEPT` when absent. */
  held?: number
}

/**
 * Attacks each victim while people who behave well write to each other through it. They go on, before the attack is over
 * and after it; memory stays within what is documented; the process keeps next to nothing of it, neither while the
 * attackers are still there nor afterwards; and then memory is near what it was, with no more files open. The victims'
 * programs were started with `saysItsHeap`.
 */
export async function underAttack(
  victims: readonly Victim[],
  attack: (victim: Victim) => Promise<void>,
  { memory = 40 * MiB, held = KEPT }: Cost = {},
): Promise<void> {
  const texts = await Promise.all(victims.map((victim) => victim.texts()))
  const programs = [...new Set(victims.map(({ program }) => program))]
  const heaps = await Promise.all(programs.map(heapOf))
  const watched = programs.map((program) => new Watched(program))
  const keptSoFar: number[][] = []
  onTestFinished(() => {
    if (process.env.MSRP_TEST_FIGURES === undefined) return
    const name = (index: number): string => victims.find(({ program }) => program === programs[index])?.name ?? ''
    const { currentTestName = '' } = expect.getState()
    for (const [index, each] of watched.entries()) {
      const more = keptSoFar.map((bytes) => `${((bytes[index] ?? 0) / MiB).toFixed(2)} MiB`).join(', then ')
      console.log(`${currentTestName}: ${name(index)}: ${each.figures}, kept ${more}`)
    }
  })
  const keep = async (): Promise<number[]> => {
    const now = await Promise.all(programs.map(heapOf))
    const more = now.map((bytes, index) => bytes - (heaps[index] ?? 0))
    keptSoFar.push(more)
    return more
  }
  await Promise.all(
    victims.map(async (victim, index) => {
      const before = texts[index]?.count ?? 0
      await attack(victim)
      await texts[index]?.more()
      expect(texts[index]?.count, `texts through ${victim.name}`).toBeGreaterThan(before)
    }),
  )
  // Before its garbage is collected, since that takes memory as well.
  for (const each of watched) {
    expect(each.peak, each.figures).toBeLessThan(OWN + memory)
    expect(each.growth, each.figures).toBeLessThan(GARBAGE + memory)
  }
  for (const bytes of await keep()) expect(bytes, 'bytes kept, with the attackers there').toBeLessThan(held)
  for (const victim of victims) victim.leave()
  await Promise.all(watched.map((each) => each.returned(NEAR + memory)))
  for (const bytes of await keep()) expect(bytes, 'bytes kept, with the attackers gone').toBeLessThan(KEPT)
}
