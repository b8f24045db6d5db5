import { comparableUri } from '../cpim/comparable-uri.ts'
import { CPIM_TYPE, type CpimHead, CpimHeadReader } from '../cpim/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'

/** What a chat room knows, as far as it decides on a message. URIs come with scheme and host in lower case. */
export interface RoomFacts {
  /** The room's URI. */
  readonly uri: string
  /** Whether this is a URI of the participant whose session it is. */
  isSender(uri: string): boolean
  isParticipant(uri: string): boolean
  /** Whether this participant's description has `private-messages`. */
  takesPrivateMessages(uri: string): boolean
}

/** What `onRequest` says. */
export type RoomVerdict = 'accept' | { readonly status: number; readonly comment: string }

/**
 * For `onRequest` of a chat room's sessions: whether a message may go to where its envelope says, decided before it is
 * answered (RFC 7701 §6). 415 without envelope, 403 for a From that is not the sender's and for several To, 404 for a To
 * that is nobody here, 428 for one who takes no private messages, 400 for an envelope that cannot be read or whose headers
 * are longer than what `onRequest` gets to see.
 */
export function roomVerdict(
  request: { readonly contentType: string },
  firstBytes: Uint8Array,
  room: RoomFacts,
): RoomVerdict {
  if (parseMediaType(request.contentType)?.type !== CPIM_TYPE) return refused(415, 'A chat room takes message/cpim')
  try {
    const head = new CpimHeadReader().push(firstBytes)?.head
    if (head === undefined) return refused(400, `The headers have more than ${firstBytes.length} bytes`)
    return verdictOn(head, room)
  } catch (error) {
    if (error instanceof MsrpError) return refused(400, error.message)
    throw error
  }
}

function verdictOn(head: CpimHead, room: RoomFacts): RoomVerdict {
  const from = comparableUri(head.from?.uri ?? '')
  const to = head.to.map(({ uri }) => comparableUri(uri))
  const [recipient = ''] = to
  if (!room.isSender(from)) return refused(403, 'From is not the sender')
  if (to.length > 1) return refused(403, 'There is more than one To')
  if (recipient === comparableUri(room.uri)) return 'accept'
  if (!room.isParticipant(recipient)) return refused(404, 'To is nobody in this chat room')
  if (!room.takesPrivateMessages(recipient)) return refused(428, 'Private Messages Not Supported')
  return 'accept'
}

function refused(status: number, comment: string): RoomVerdict {
  return { status, comment }
}
