import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** Reads what the application gave. @throws MsrpError `invalid-argument`, naming it and what is wrong with it */
export function readArgument<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `${name} cannot be used: ${error.message}`, { cause: error })
  }
}

/** @throws MsrpError `invalid-argument` for what is no object: nothing that is in it could be said then */
export function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongArgument(name, 'an object', value)
}

/** The error for what is not what it has to be. */
export function wrongArgument(name: string, wanted: string, given: unknown): MsrpError {
  const words = Array.isArray(given) && given.length === 0 ? 'an empty one' : shown(String(given))
  return new MsrpError('invalid-argument', `${name} has to be ${wanted}, not ${words}`)
}
