import { onTestFinished, vi } from 'vitest'

/** Collects what is thrown for the application to see as an uncaught error, which would end the test, until it is over. */
export function uncaught(): unknown[] {
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
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  return thrown
}
