import type { CpimParts } from '../cpim/index.ts'
import { wrapped } from '../cpim/wrapped.ts'
import type { Session } from '../session/api.ts'
import { Composer, type ComposerOptions } from './composer.ts'
import { buildComposing, COMPOSING_TYPE } from './status.ts'

/** How status messages go out on a session. */
export interface SessionComposerOptions extends ComposerOptions {
  /** The envelope for them, as a chat room wants it. Default: none of their own. */
  readonly cpim?: CpimParts | (() => CpimParts)
}

/**
 * A composer whose status messages go out on a session, until it is over. Name the type in `accept-types`, or in
 * `accept-wrapped-types`, of the description: a peer that does not name it is sent none.
 */
export function composerOn(session: Session, { cpim, ...options }: SessionComposerOptions = {}): Composer {
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
