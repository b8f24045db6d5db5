import { fstatSync } from 'node:fs'

/** How severe a line is, as syslog(3) counts; sd-daemon(3) and `logger --prio-prefix` read it at the line's beginning. */
const priorities: Readonly<Record<string, number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, fatal: 2 }

/** What a value of a line looks like without quotes. */
const PLAIN = /^[^\s"=\p{Cc}]+$/u

/**
 * Writes lines of the log for the journal and for syslog: the priority, what happened, then the fields as `name=value`.
 * The time is left to whoever collects the lines.
 */
export class JournalLines {
  readonly #destination: NodeJS.WritableStream

  constructor(destination: NodeJS.WritableStream) {
    this.#destination = destination
  }

  /** `line`: one JSON object, as the log makes it. */
  write(line: string): void {
    const { level, time: _, msg = '', ...fields } = JSON.parse(line) as Record<string, unknown>
    const words = [oneLine(String(msg)), ...Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`)]
    this.#destination.write(`<${priorities[String(level)] ?? 6}>${words.join(' ')}\n`)
  }
}

/** Whether what is written there goes to systemd's journal, which says so in `JOURNAL_STREAM` (systemd.exec(5)). */
export function isJournal(destination: NodeJS.WritableStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const fd: unknown = Reflect.get(destination, 'fd')
  if (env.JOURNAL_STREAM === undefined || typeof fd !== 'number') return false
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return env.JOURNAL_STREAM === `${dev}:${ino}`
  } catch {
    return false
  }
}

function shown(value: unknown): string {
  const isList = Array.isArray(value) && value.every((item) => typeof item !== 'object')
  const text = isList ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value)
  return PLAIN.test(text) ? text : JSON.stringify(text)
}

/** A line feed would begin a line without priority. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
