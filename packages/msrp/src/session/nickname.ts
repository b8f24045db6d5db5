import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import type { SessionOptions, Verdict } from './options.ts'

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
  let verdict: Verdict
  try {
    verdict = await handler(request.head.fields.useNickname ?? '')
  } catch {
    verdict = 403
  }
  if (verdict === 'accept') request.respond(200)
  else if (typeof verdict === 'number') request.respond(verdict)
  else request.respond(verdict.status, verdict.comment)
}
