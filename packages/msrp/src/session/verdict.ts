import type { Verdict } from './options.ts'

/** What an application said to a request: undefined is yes, else the refusal. */
export interface Refused {
  readonly status: number
  readonly comment?: string
}

/**
 * Reads what a handler gave. Whatever is no verdict (nothing, a status that means success, a number that is none) is a
 * mistake of the application, and refuses: what it has not accepted must not get through.
 */
export function refusedBy(given: Verdict): Refused | undefined {
  if (given === 'accept') return undefined
  const { status, comment } =
    typeof given === 'object' && given !== null ? given : { status: given, comment: undefined }
  if (!Number.isInteger(status) || status < 400 || status > 999) return { status: 403 }
  return comment === undefined ? { status } : { status, comment }
}
