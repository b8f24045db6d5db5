import { timingSafeEqual } from 'node:crypto'
import { MsrpError } from 'msrp/wire'
import { z } from 'zod'
import type { SiblingGreeting } from '../forwarding/siblings.ts'

/** The version of what workers say to each other first; all of them are started from the same files. */
const VERSION = 1

/** Bytes of the line: a certificate may have very many names, of which no more are passed on than fit. */
export const PREFACE_BYTES = 16_384

const names = z.array(z.string())
const preface = z.discriminatedUnion('kind', [
  z.strictObject({ version: z.literal(VERSION), secret: z.string(), kind: z.literal('hop'), index: z.int().min(0) }),
  z.strictObject({
    version: z.literal(VERSION),
    secret: z.string(),
    kind: z.literal('stand-in'),
    description: z.string(),
    secure: z.boolean(),
    certificateNames: names,
  }),
])

/** The line that a worker begins a connection to a sibling with; MSRP follows. */
export function writePreface(greeting: SiblingGreeting, secret: string): string {
  const line = (fitting: SiblingGreeting): string => `${JSON.stringify({ version: VERSION, secret, ...fitting })}\n`
  let fitting = greeting
  while (fitting.kind === 'stand-in' && Buffer.byteLength(line(fitting)) > PREFACE_BYTES) {
    const { certificateNames } = fitting
    // Whoever is asked for by a name that is left out is only not found there.
    fitting = { ...fitting, certificateNames: certificateNames.slice(0, Math.floor(certificateNames.length / 2)) }
  }
  return line(fitting)
}

/**
 * Reads such a line, without its end.
 * @throws MsrpError `malformed` when it is none, of another version, or does not know the secret
 */
export function readPreface(line: string, secret: string): SiblingGreeting {
  const found = preface.safeParse(parsed(line))
  if (!found.success) throw new MsrpError('malformed', 'a connection from another worker begins with something else')
  const { version: _, secret: given, ...greeting } = found.data
  const [one, other] = [Buffer.from(given), Buffer.from(secret)]
  if (one.byteLength !== other.byteLength || !timingSafeEqual(one, other)) {
    throw new MsrpError('malformed', 'a connection to the workers does not know their secret')
  }
  return greeting
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
