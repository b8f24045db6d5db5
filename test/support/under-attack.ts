import { expect, onTestFinished } from 'vitest'
import type { Victim } from './victim.ts'
import { Watched } from './watched.ts'

const MiB = 1024 * 1024

/**
 * What a relay or an endpoint takes by itself, under load, with the garbage that the runtime lets gather; see "Memory" in
 * docs/relay.md. Bytes.
 */
const OWN = 200 * MiB

/** What an attack may cost. */
export interface Cost {
  /** Bytes beside what the process takes by itself; 40 MiB when absent: some connections. */
  memory?: number
  /** Bytes that may stay with the allocator afterwards: see `Watched`. */
  near?: number
}

/**
 * Attacks each victim while people who behave well write to each other through it. They go on, before the attack is over
 * and after it; memory stays within what is documented; and afterwards it is near what it was, with no more files open.
 */
export async function underAttack(
  victims: readonly Victim[],
  attack: (victim: Victim) => Promise<void>,
  { memory = 40 * MiB, near }: Cost = {},
): Promise<void> {
  const texts = await Promise.all(victims.map((victim) => victim.texts()))
  const programs = [...new Set(victims.map(({ program }) => program))]
  const watched = programs.map((program) => new Watched(program))
  onTestFinished(() => {
    if (process.env.MSRP_TEST_FIGURES === undefined) return
    const name = (index: number): string => victims.find(({ program }) => program === programs[index])?.name ?? ''
    const { currentTestName = '' } = expect.getState()
    for (const [index, each] of watched.entries()) console.log(`${currentTestName}: ${name(index)}: ${each.figures}`)
  })
  await Promise.all(
    victims.map(async (victim, index) => {
      const before = texts[index]?.count ?? 0
      await attack(victim)
      await texts[index]?.more()
      victim.leave()
      expect(texts[index]?.count, `texts through ${victim.name}`).toBeGreaterThan(before)
    }),
  )
  for (const each of watched) expect(each.peak, each.figures).toBeLessThan(OWN + memory)
  await Promise.all(watched.map((each) => each.returned(near)))
}
