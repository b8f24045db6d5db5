/**
 * Calls what only informs the application. What it throws is a mistake there, for it to see as an uncaught error; what was
 * told of goes on.
 */
export function inform(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
