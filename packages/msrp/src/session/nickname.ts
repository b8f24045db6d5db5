import { parseNickname } from '../wire/index.ts'
import type { IncomingRequest, RequestReader } from './incoming-request.ts'
import type { SessionOptions } from './options.ts'
import { type Refused, refusedBy } from './verdict.ts'

type Handler = NonNullable<SessionOptions['onNickname']>

/** So many requests of one session may wait for their answers; further ones are refused. */
const MOST = 16

/**
 * Has the NICKNAME requests of a session answered by the application (RFC 7701 §7), one after another, so that the latest
 * nickname is the one that counts.
 */
export class NicknameRequests {
  readonly #handler: Handler
  #latest: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(handler: Handler) {
    this.#handler = handler
  }

  /** Takes in a request; gives what reads the rest of it. */
  request(request: IncomingRequest): RequestReader {
    // The whole request is there when its end-line is.
    return { body: () => {}, end: () => this.#enqueue(request) }
  }

  #enqueue(request: IncomingRequest): void {
    if (this.#waiting >= MOST) {
      request.respond(403, 'Too many nicknames wait here')
      return
    }
    this.#waiting++
    this.#latest = this.#latest.then(async () => {
      const refused = await refusalOf(request, this.#handler)
      this.#waiting--
      request.respond(refused?.status ?? 200, refused?.comment)
    })
  }
}

async function refusalOf(request: IncomingRequest, handler: Handler): Promise<Refused | undefined> {
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
