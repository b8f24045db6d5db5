import type { Clock } from './clock.ts'

/** Waits for what goes on, but no longer than so many milliseconds. */
export async function atMost(milliseconds: number, goingOn: Promise<unknown>, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(milliseconds, resolve)
  try {
    await Promise.race([goingOn, promise])
  } finally {
    cancel()
  }
}
