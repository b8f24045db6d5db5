import { MsrpError, type RandomBytes, type ResponseHead } from '../../wire/index.ts'

/**
 * Seconds for which a path is taken to be good when the relay's 200 does not say, though it has to (RFC 4976 §5.1):
 * what the most common relay grants.
 */
export const ASSUMED_EXPIRES = 600

/** Timers of JavaScript cannot wait longer than this, in milliseconds: some 24 days. */
const LONGEST_WAIT = 2 ** 31 - 1

/**
 * Seconds for which the URIs of a 200 to AUTH stay valid. The relay's word counts, whatever was asked for.
 * @throws MsrpError `malformed` when Expires is no whole number above 0
 */
export function grantedExpires(head: ResponseHead, asked: number | undefined): number {
  const granted = head.fields.expires ?? asked ?? ASSUMED_EXPIRES
  if (granted < 1) throw new MsrpError('malformed', 'the relay hands out a path with Expires: 0, which is of no use')
  return granted
}

/** So much of a short lifetime is left for a refresh that waits behind what was sent before. Milliseconds. */
const IN_FLIGHT = 75_000

/**
 * Milliseconds from the AUTH to its refresh: between 75 and 85 % of the lifetime, of short ones earlier, down to between 50 and
 * 60 %; by lot, so that clients which came together (a relay restarted) do not come back together.
 */
export function refreshDelay(lifetime: number, random: RandomBytes): number {
  const [byte = 0] = random(1)
  const from = Math.max(0.5, Math.min(0.75, 1 - IN_FLIGHT / lifetime))
  return Math.min(Math.round(lifetime * (from + (0.1 * byte) / 255)), LONGEST_WAIT)
}
