import type { z } from 'zod'
import { oneOf, section } from '../field.ts'

/** What is written on standard error. */
export interface LogSettings {
  /** Least severe level written. Default: `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** One JSON object a line, or lines for people; `auto`, the default, is `pretty` on a terminal. */
  readonly format: 'json' | 'pretty' | 'auto'
}

/** `[log]` */
export function logSection(): z.ZodType<LogSettings> {
  return section('What is written on standard error.', {
    level: oneOf(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
      'The least severe lines that are written.',
    ),
    format: oneOf(
      ['json', 'pretty', 'auto'],
      'auto',
      'A JSON object a line, or lines for people; `"auto"`: for people on a terminal.',
    ),
  })
}
