import type { Listener, PreparedSession } from './api.ts'

/** A local path on which one peer after another is welcome, made with `remotePath: 'first'`. */
export function listenerOn(prepared: PreparedSession): Listener {
  return {
    localPath: prepared.localPath,
    fingerprints: prepared.fingerprints,
    closed: prepared.closed,
    close: () => prepared.close(),
    [Symbol.asyncIterator]: () => prepared.sessions(),
    [Symbol.asyncDispose]: () => prepared.close(),
  }
}
