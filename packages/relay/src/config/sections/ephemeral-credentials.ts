import { z } from 'zod'
import type { EphemeralHash } from '../../users/ephemeral-credentials.ts'
import { documented, section, textOr, whole } from '../field.ts'
import { type Secret, secrets } from '../secret.ts'

/** Credentials as TURN servers take them: with an expiry, and an HMAC under a secret shared with a web application. */
export interface EphemeralCredentialsSettings {
  /** Any of them will do. Default: none, and no such credentials are taken. */
  readonly secrets: readonly Secret[]
  /** Default: both. */
  readonly hashes: readonly EphemeralHash[]
  /** Between expiry and user. Default: a full stop. */
  readonly separator: string
  /** Seconds by which clocks may differ. Default: 30. */
  readonly clockSkew: number
  /** Seconds for which credentials may be valid at most. Default: 86400. */
  readonly maximumTtl: number
}

/** `[ephemeral_credentials]` */
export function ephemeralCredentialsSection(folder: string): z.ZodType<EphemeralCredentialsSettings> {
  return section(
    'Credentials that a web application makes for its users, as TURN servers know them: nobody has to be in a database for them. docs/accounts.md has the details.',
    {
      secrets: secrets(folder, {
        about:
          'Secrets shared with who makes the credentials, of 16 characters at least. Any of them will do, so that one can be replaced while credentials made with it are about. Without any no such credentials are taken.',
        example: '[{ file = "ephemeral.secret" }]',
      }),
      hashes: hashes(),
      separator: textOr(
        '.',
        'one sign that is neither letter, digit, quote nor @',
        (value) => /^[!#$%&*+,./:;=?^_|~-]$/.test(value),
        'What stands between expiry and user. `":"` is that of coturn; Digest has no colon in user names, so some clients refuse it.',
      ),
      clockSkew: whole(0, 3600, 30, 'Seconds by which the clock of who makes them may differ from that of the relay.'),
      maximumTtl: whole(1, 31_536_000, 86_400, 'Seconds for which credentials may be valid at most, seen from now.'),
    },
  ) as unknown as z.ZodType<EphemeralCredentialsSettings>
}

const names: Readonly<Record<string, EphemeralHash>> = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' }

function hashes(): z.ZodType<readonly EphemeralHash[]> {
  const expected = 'a list of "SHA-1" and "SHA-256"'
  const error = `must be ${expected} (left out: both)`
  const hash = z.string({ error }).transform((name, context): EphemeralHash => {
    const known = names[name.toUpperCase()] ?? Object.values(names).find((value) => value === name)
    if (known === undefined) context.addIssue({ code: 'custom', message: error })
    return known ?? z.NEVER
  })
  const schema = z.array(hash, { error }).min(1, { error }).default(['sha1', 'sha256'])
  return documented(schema, {
    about: 'Hashes of the HMAC that are taken. TURN servers know `"SHA-1"` alone.',
    expected,
    value: '["SHA-1", "SHA-256"]',
  })
}
