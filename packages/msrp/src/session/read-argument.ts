import { MsrpError } from '../wire/index.ts'

/** Reads what the application gave. @throws MsrpError `invalid-argument`, naming it and what is wrong with it */
export function readArgument<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `${name} cannot be used: ${error.message}`, { cause: error })
  }
}
