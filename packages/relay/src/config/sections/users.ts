import type { z } from 'zod'
import { path, section } from '../field.ts'

/** Who may log in. */
export interface UserSettings {
  /** SQLite file. Default: `users.sqlite` in the state folder, which starts with two users to try the relay with. */
  readonly database: string
}

/** `[users]` */
export function usersSection(folder: string): z.ZodType<{ readonly database?: string }> {
  return section('Who may log in.', {
    database: path(folder, {
      about: 'SQLite file, managed by `msrp relay user`.',
      leftOut: '`users.sqlite` in the state folder, with two users to try',
      example: '"/var/lib/msrp-relay/users.sqlite"',
    }),
  }) as z.ZodType<{ readonly database?: string }>
}
