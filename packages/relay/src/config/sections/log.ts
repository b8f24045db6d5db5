import type { z } from 'zod'
import { oneOf, section } from '../field.ts'

/** What is written on standard error. */
export interface LogSettings {
  /** Least severe level written. Default: `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /**
   * One JSON object a line (`json`), lines for people (`pretty`), or lines with their priority for systemd's journal and
   * for syslog (`journal`). `auto`, the default, is `pretty` on a terminal, `journal` under systemd, `json` elsewhere.
   */
  readonly format: 'json' | 'pretty' | 'journal' | 'auto'
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
      ['json', 'pretty', 'journal', 'auto'],
      'auto',
      'A JSON object a line, lines for people, or lines with their priority for the journal and syslog; `"auto"`: for people on a terminal, for the journal under systemd, else JSON.',
    ),
  })
}
