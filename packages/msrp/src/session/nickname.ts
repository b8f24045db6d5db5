import { parseNickname } from '../wire/index.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import type { SessionOptions } from './options.ts'
import { type Refused, refusedBy } from './verdict.ts'

/** So many requests of one session may wait for their answers; further ones are refused. */
const MOST = 16

/**
 * Has the NICKNAME requests of a session answered by the application (RFC 7701 §7), one after another, so that the latest
 * nickname is the one that counts; 501 when it does not care for them.
 */
export class NicknameRequests {
  readonly #handler: SessionOptions['onNickname']
  #latest: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(handler: SessionOptions['onNickname']) {
    this.#handler = handler
  }

  /** Takes in a request; gives what reads the rest of it. */
  request(request: IncomingRequest): RequestReader {
    const handler = this.#handler
    if (handler === undefined) {
      request.respond(501)
      return IGNORED
    }
    // The whole request is there when its end-line is.
    return { body: () => {}, end: () => this.#enqueue(request, handler) }
  }

  #enqueue(request: IncomingRequest, handler: NonNullable<SessionOptions['onNickname']>): void {
    if (this.#waiting >= MOST) {
      request.respond(403, 'Too many nicknames wait here')
      return
    }
    this.#waiting++
    this.#latest = this.#latest.then(async () => {
      const refused = await refusalOf(request, handler)
      this.#waiting--
      request.respond(refused?.status ?? 200, refused?.comment)
    })
  }
}

async function refusalOf(
  request: IncomingRequest,
  handler: NonNullable<SessionOptions['onNickname']>,
): Promise<Refused | undefined> {
  let nickname = ''
  try {
    nickname = parseNickname(request.head.fields.get('Use-Nickname') ?? '')
  } catch {
    return { status: 424 }
  }
  try {
    return refusedBy(await handler(nickname))
  } catch {
    return { status: 403 }
  }
}
