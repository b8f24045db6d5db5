import type { MsrpError } from '../wire/index.ts'

/**
 * Which side makes the offer in which the m-line of a transfer that is over has port 0, so that not both make one at the same time:
 * the one that ended it (RFC 5547 §8.4, §8.7). Of what both only hear of, such as the loss of the session, the sender does.
 * @param here whether it was given up on our side
 */
export function whoOffers(
  role: 'sender' | 'receiver',
  error: MsrpError | undefined,
  here: boolean,
): 'sender' | 'receiver' {
  if (here) return role
  switch (error?.code) {
    case undefined:
    case 'connection-lost':
    case 'closed':
    case 'timeout':
    case 'report-timeout':
      return 'sender'
    // Who reads it says of which side: a sender is refused by its receiver, whose sender has abandoned its message.
    case 'refused':
    case 'aborted':
      return role === 'sender' ? 'receiver' : 'sender'
    default:
      return role
  }
}
