import { vi } from 'vitest'

/** What is thrown for nobody to catch while something is done, which would end the process otherwise. */
export async function uncaughtIn(run: () => unknown): Promise<unknown[]> {
  const thrown: unknown[] = []
  const queue = globalThis.queueMicrotask
  vi.stubGlobal('queueMicrotask', (task: () => void) =>
    queue(() => {
      try {
        task()
      } catch (error) {
        thrown.push(error)
      }
    }),
  )
  try {
    await run()
  } finally {
    vi.unstubAllGlobals()
  }
  return thrown
}
