import { asMsrpError } from './as-msrp-error.ts'
import type { MsrpError } from './msrp-error.ts'

/** In a browser: what is loaded when it is needed first is not to be had, as when the network is gone. */
export function notLoaded(cause: unknown): MsrpError {
  return asMsrpError(cause, 'internal', 'A part of the library could not be loaded')
}
