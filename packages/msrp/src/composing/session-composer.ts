import type { CpimAddressInput, CpimParts } from '../cpim/index.ts'
import { wrapped } from '../cpim/wrapped.ts'
import type { Session } from '../session/api.ts'
import { Composer, type ComposerOptions } from './composer.ts'
import { buildComposing, COMPOSING_TYPE } from './status.ts'

/** A chat room to say it in: a `ChatRoom` of `msrp/chatroom`. */
export interface ComposingRoom {
  readonly session: Session
  /** The room's URI, which status messages are written to. */
  readonly uri: string
  readonly self: CpimAddressInput
}

/** How status messages go out on a session. */
export interface SessionComposerOptions extends ComposerOptions {
  /** The envelope for them. Default: in a chat room one from `self` to the room, as it wants it; else none of their own. */
  readonly cpim?: CpimParts | (() => CpimParts)
}

/**
 * A composer whose status messages go out on a session, or to everybody in a chat room, until the session is over. Name the type in `accept-types`, or in
 * `accept-wrapped-types`, of the description: a peer that does not name it is sent none.
 */
export function composerOn(
  through: Session | ComposingRoom,
  { cpim: given, ...options }: SessionComposerOptions = {},
): Composer {
  const inRoom = 'session' in through
  const session = inRoom ? through.session : through
  const cpim = given ?? (inRoom ? { from: through.self, to: through.uri } : undefined)
  const composer = new Composer(async (status) => {
    const document = buildComposing(status)
    const parts = typeof cpim === 'function' ? cpim() : cpim
    const options = { contentType: COMPOSING_TYPE, successReport: false }
    const sending =
      parts === undefined
        ? { body: document, options }
        : wrapped({ ...parts, contentType: COMPOSING_TYPE }, document, options)
    await session.send(sending.body, sending.options).delivered
  }, options)
  void session.closed.then(() => composer.close())
  return composer
}
