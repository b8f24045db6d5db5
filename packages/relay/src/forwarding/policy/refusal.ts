import type { PolicyRefusal } from '../counters.ts'

/** Why a request is not passed on, or not granted. */
export interface Refusal {
  readonly status: 403 | 413 | 415
  readonly comment: string
  /** Where it is counted. */
  readonly counter: PolicyRefusal
}
