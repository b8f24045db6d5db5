import { MsrpError, MsrpUri } from 'msrp/wire'
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import pretty from 'pino-pretty'
import type { LogSettings } from '../config/index.ts'
import type { Log } from '../forwarding/settings.ts'
import { isJournal, JournalLines } from './journal-lines.ts'
import { maskSecrets } from './mask-secrets.ts'

/** The relay's log: the part that its state uses, and what the program around it needs. */
export interface RelayLog extends Log {
  error(fields: object, message: string): void
  /** From now on lines that are less severe are left out. */
  setLevel(level: LogSettings['level']): void
  /** A log whose lines all carry `fields`, such as the number of a connection. */
  child(fields: Record<string, unknown>): RelayLog
}

/** Where log lines go, such as `process.stderr`. */
export type LogDestination = NodeJS.WritableStream & { readonly isTTY?: boolean }

/**
 * A structured log: one JSON object a line, or, on a terminal and where the settings say so, lines for people; for the
 * journal, lines with their priority.
 * Credentials and tokens do not get into it, neither as fields of their own nor inside texts. An error goes into the
 * field `err`.
 * @param destination standard error unless given: standard output belongs to the command's own results
 */
export function createLog(settings: LogSettings, destination: LogDestination = process.stderr): RelayLog {
  const stream = formatted(settings.format, destination)
  const logger = pino(
    {
      level: settings.level,
      // The process and the machine are known to whoever collects the lines.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: masked },
      serializers: { err: describeError },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '…' },
    },
    stream,
  )
  return new PinoLog(logger)
}

/** `auto` finds out who reads the lines. */
function formatted(format: LogSettings['format'], destination: LogDestination): DestinationStream {
  switch (format) {
    case 'json':
      return destination
    case 'pretty':
      return prettyStream(destination)
    case 'journal':
      return new JournalLines(destination)
    case 'auto':
      if (destination.isTTY === true) return prettyStream(destination)
      return isJournal(destination) ? new JournalLines(destination) : destination
    default:
      return format satisfies never
  }
}

class PinoLog implements RelayLog {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  debug(fields: object, message: string): void {
    this.#logger.debug(fields, message)
  }

  info(fields: object, message: string): void {
    this.#logger.info(fields, message)
  }

  warn(fields: object, message: string): void {
    this.#logger.warn(fields, message)
  }

  error(fields: object, message: string): void {
    this.#logger.error(fields, message)
  }

  setLevel(level: LogSettings['level']): void {
    this.#logger.level = level
  }

  child(fields: Record<string, unknown>): RelayLog {
    // Pino does not run its formatters over what a child is given.
    return new PinoLog(this.#logger.child(masked(fields)))
  }
}

const secretFields = [
  'password',
  'passphrase',
  'authorization',
  'Authorization',
  'credentials',
  'ha1',
  'nonceKey',
  'key',
]

function prettyStream(destination: LogDestination): NodeJS.WritableStream {
  return pretty({
    destination,
    // At the moment it is written, so that lines and the text of a command keep their order.
    sync: true,
    colorize: destination.isTTY === true && (process.env.NO_COLOR ?? '') === '',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
}

function masked(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, maskedValue(value)]))
}

function maskedValue(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value)
  if (value instanceof MsrpUri) return maskSecrets(value.toString())
  if (Array.isArray(value)) return value.map(maskedValue)
  const plain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return plain ? masked({ ...value }) : value
}

/** Our own errors in one line, since they say what happened; others with their stack, since nobody expected them. */
function describeError(error: unknown): unknown {
  if (error instanceof MsrpError && error.code !== 'internal') {
    const { code, status, message } = error
    return { type: error.name, code, status, message: maskSecrets(message) }
  }
  if (!(error instanceof Error)) return error
  const { type, message, stack } = stdSerializers.err(error)
  return { type, message: maskSecrets(message), stack: stack.split('\n').map(maskSecrets).join('\n') }
}
