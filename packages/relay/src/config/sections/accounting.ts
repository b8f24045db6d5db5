import type { z } from 'zod'
import { flag, path, section, whole } from '../field.ts'

/** Where a record of each session is kept; nowhere unless `file` or `database` is given. */
export interface AccountingSettings {
  /** File of JSON lines. Default (undefined): none. */
  readonly file?: string
  /** SQLite file. Default (undefined): none. */
  readonly database?: string
  /** Whether a record counts as written to `file` only when the disk has it. Default: true. */
  readonly sync: boolean
  /** Records that may wait for a place that cannot be written. Default: 10000. */
  readonly queue: number
}

/** `[accounting]` */
export function accountingSection(folder: string): z.ZodType<AccountingSettings> {
  return section('Where a record of each session is kept when it is over: docs/accounting.md.', {
    file: path(folder, {
      about: 'A file of JSON lines.',
      leftOut: 'none',
      example: '"/var/log/msrp-relay/sessions.jsonl"',
    }),
    database: path(folder, {
      about: 'An SQLite file, with a table `msrp_sessions`.',
      leftOut: 'none',
      example: '"/var/lib/msrp-relay/sessions.sqlite"',
    }),
    sync: flag(true, 'Whether a record counts as written to `file` only when the disk has it (fdatasync).'),
    queue: whole(
      1,
      1_000_000,
      10_000,
      'Records that may wait for a place that cannot be written; further ones are lost.',
    ),
  }) as z.ZodType<AccountingSettings>
}
