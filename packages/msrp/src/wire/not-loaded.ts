import { asMsrpError } from './as-msrp-error.ts'
import type { MsrpError } from './msrp-error.ts'

/** In a browser: what is loaded when it is needed first is not to be had, as when the network is gone. */
export function notLoaded(cause: unknown): MsrpError {
  return asMsrpError(cause, 'internal', 'A part of the library could not be loaded')
}

/** The same after 20 s, unless what this gives is called before: where the network is gone, nothing may ever come. */
export function loadingEnds(
  clock: { after(milliseconds: number, action: () => void): () => void },
  fail: (error: MsrpError) => void,
): () => void {
  return clock.after(20_000, () => fail(notLoaded('nothing came for 20 s')))
}
