import type { Clock } from 'msrp/connection'

/** How often it is looked, in milliseconds. */
const ROUND = 50

/** For so long nothing may have happened: the REPORT of a receiver follows its last answer. In milliseconds. */
const QUIET = 500

/**
 * Resolves when nothing has been under way for a while, or after `most` milliseconds.
 * @param options.busy whether something is under way
 * @param options.events a number that grows with all that happens
 */
export function untilQuiet(
  clock: Clock,
  most: number,
  { busy, events }: { busy: () => boolean; events: () => number },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const deadline = clock.now() + most
  let quietSince = clock.now()
  let seen = events()
  const look = (): void => {
    const now = clock.now()
    if (busy() || events() !== seen) quietSince = now
    seen = events()
    if (now - quietSince >= QUIET || now >= deadline) resolve()
    else clock.after(Math.min(ROUND, deadline - now), look)
  }
  look()
  return promise
}
