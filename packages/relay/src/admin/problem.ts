import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** An error as the admin port tells it: `error` for programs, `message` for people. */
export interface Problem {
  readonly error: string
  readonly message: string
}

/** An answer that says what was wrong. */
export function problem(context: Context, status: ContentfulStatusCode, error: string, message: string): Response {
  return context.json({ error, message } satisfies Problem, status)
}
