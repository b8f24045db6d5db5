import type { Clock } from '../connection/index.ts'
import type { RandomBytes } from '../wire/index.ts'
import type { NegotiationOptions, Preparing } from './api.ts'

/** The negotiation around a medium. */
export interface MediumRoom {
  readonly endpoint: Preparing
  readonly options: NegotiationOptions
  readonly random: RandomBytes
  readonly clock: Clock
}
