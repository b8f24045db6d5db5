import { MsrpError } from '../wire/index.ts'

/** A part that is loaded when it is needed. @throws MsrpError `internal` when it cannot be loaded */
export async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part
  } catch (cause) {
    throw new MsrpError('internal', `A part that is needed could not be loaded: ${cause}`, { cause })
  }
}
