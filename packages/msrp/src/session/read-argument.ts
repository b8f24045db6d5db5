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

/** A text, or several, as one with spaces between them. @throws MsrpError `invalid-argument` */
export function spaced(input: string | readonly string[]): string {
  if (typeof input === 'string') return input
  if (Array.isArray(input)) return input.join(' ')
  throw new MsrpError('invalid-argument', `expected a text or a list of texts, not ${input}`)
}

/** @throws MsrpError `invalid-argument` for what is no object: nothing that is in it could be said then */
export function checkObject(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return
  throw new MsrpError('invalid-argument', `${name} has to be an object, not ${value}`)
}
