import type { z } from 'zod'
import { section, whole } from '../field.ts'

/** Lifetimes of the URIs handed out, in seconds (RFC 4976 §6.3). */
export interface ExpiresSettings {
  /** For an AUTH without Expires. Default: 3600 s. */
  readonly default: number
  /** Less is answered 423 with Min-Expires. Default: 60 s. */
  readonly minimum: number
  /** More is answered 423 with Max-Expires. Default: 86400 s. */
  readonly maximum: number
}

const year = 31_536_000

/** `[expires]` */
export function expiresSection(): z.ZodType<ExpiresSettings> {
  return section('How long the URIs handed out are valid, in seconds.', {
    default: whole(1, year, 3600, 'For a client that asks for nothing.'),
    minimum: whole(1, year, 60, 'The least that a client may ask for; less is answered 423.'),
    maximum: whole(1, year, 86_400, 'The most that a client may ask for; more is answered 423.'),
  })
}
