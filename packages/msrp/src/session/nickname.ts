import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import type { SessionOptions } from './options.ts'
import { type Refused, refusedBy } from './verdict.ts'

/** Has a NICKNAME request answered by the application (RFC 7701 §7); 501 when it does not care for them. */
export function answerNickname(request: IncomingRequest, handler: SessionOptions['onNickname']): RequestReader {
  if (handler === undefined) {
    request.respond(501)
    return IGNORED
  }
  // The whole request is there when its end-line is.
  return { body: () => {}, end: () => void answer(request, handler) }
}

async function answer(request: IncomingRequest, handler: NonNullable<SessionOptions['onNickname']>): Promise<void> {
  const refused = await refusalOf(request, handler)
  request.respond(refused?.status ?? 200, refused?.comment)
}

async function refusalOf(
  request: IncomingRequest,
  handler: NonNullable<SessionOptions['onNickname']>,
): Promise<Refused | undefined> {
  let nickname = ''
  try {
    nickname = request.head.fields.useNickname ?? ''
  } catch {
    return { status: 424 }
  }
  try {
    return refusedBy(await handler(nickname))
  } catch {
    return { status: 403 }
  }
}
