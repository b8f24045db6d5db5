/** A part of the library that few sessions need: at hand in Node, while a browser loads it when it is needed first. */
export type Later<T> = () => T | Promise<T>

/** Uses a part: at once when it is there. */
export function use<T, R>(part: Later<T>, how: (loaded: T) => R | Promise<R>): R | Promise<R> {
  const loaded = part()
  return loaded instanceof Promise ? loaded.then(how) : how(loaded)
}

/** What was loaded before, for whoever cannot wait. */
export function loadedBefore<T>(part: Later<T>): T {
  const loaded = part()
  if (loaded instanceof Promise) throw new Error('It has not been loaded before')
  return loaded
}
