import { MsrpError, type MsrpErrorCode } from 'msrp'
import { ExitCode, exitCodes } from './exit-code.ts'

/** Codes of this program's own failures, beside those of the library (`MsrpErrorCode`). */
export type FailureCode = 'usage' | 'interrupted' | 'terminated' | 'hung-up' | 'broken-pipe'

const ownExitCodes: Readonly<Record<FailureCode, number>> = {
  usage: ExitCode.usage,
  interrupted: ExitCode.interrupted,
  terminated: ExitCode.terminated,
  'hung-up': ExitCode.hungUp,
  'broken-pipe': ExitCode.brokenPipe,
}

/** Ends the program: with one line on standard error and an exit code. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

/** A message that was not delivered, or not provably so: keeps the error's code and adds how far it got. */
export class Undelivered extends Error {
  override readonly name = 'Undelivered'
  readonly label: string
  readonly confirmedBytes: number
  readonly total: number | undefined

  /** @param label what was being sent, for the message */
  constructor(label: string, progress: { confirmedBytes: number; total: number | undefined }, cause: unknown) {
    super(`${label} was not delivered`, { cause })
    this.label = label
    this.confirmedBytes = progress.confirmedBytes
    this.total = progress.total
  }
}

/** The end of a program that went on after failures it told about: the code of the first of them counts. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete'
  readonly first: Verdict

  constructor(message: string, first: Verdict) {
    super(message)
    this.first = first
  }
}

/** One thing that is wrong with a configuration. */
export interface Mistake {
  /** As the file spells it, such as `listen[0].port`; empty when the file is not TOML. */
  readonly key: string
  /** From 1; undefined when nothing in the file says it. */
  readonly line?: number | undefined
  readonly message: string
  readonly code: MsrpErrorCode
}

/** A configuration that cannot be used, with everything that is wrong in it. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured'
  readonly lines: readonly string[]
  readonly mistakes: readonly Mistake[]

  /** @param lines what is wrong, for people */
  constructor(lines: readonly string[], mistakes: readonly Mistake[]) {
    super(lines.join(' '))
    this.lines = lines
    this.mistakes = mistakes
  }
}

/** What is told about an error, on standard error and as the JSON event. */
export interface Verdict {
  exitCode: number
  /** A `FailureCode` or an `MsrpErrorCode`. */
  code: string
  /** One line. May hold text from the peer, so it is made printable before it is shown. */
  message: string
  /** The MSRP status behind the error, when there was one. */
  status?: number
  /** Bytes that are proven to have reached the receiver, when something was being sent. */
  confirmedBytes?: number
  /** The file of an offer that it is about. */
  name?: string
  /** Bytes of that file that are stored here. */
  storedBytes?: number
  /** Further lines for people. */
  details?: readonly string[]
  /** What is wrong with a configuration, for programs. */
  mistakes?: readonly Mistake[]
}

/** Any error as an exit code and one line. */
export function verdictOn(error: unknown): Verdict {
  if (error instanceof Undelivered) return verdictOnDelivery(error)
  if (error instanceof Incomplete) return { ...error.first, message: error.message }
  if (error instanceof Failure) {
    return { exitCode: ownExitCodes[error.code], code: error.code, message: error.message }
  }
  if (error instanceof Misconfigured) {
    const codes = new Set(error.mistakes.map((mistake) => mistake.code))
    const [code = 'invalid-argument'] = codes.size === 1 ? codes : []
    const [message = '', ...details] = error.lines
    return { exitCode: exitCodes[code], code, message, details, mistakes: error.mistakes }
  }
  if (error instanceof MsrpError) {
    // A later version of the library may know codes that this table does not.
    const exitCode = exitCodes[error.code] ?? ExitCode.internal
    const { code, status } = error
    const message = inTermsOfOptions(error)
    if (status === undefined) return { exitCode, code, message }
    // Those who watch a log want the status in the line, whatever the library put into its sentence.
    const told = new RegExp(`\\b${status}\\b`).test(message) ? message : `${message} (status ${status})`
    return { exitCode, code, message: told, status }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    exitCode: ExitCode.internal,
    code: 'internal',
    message: `internal fault: ${message} (a mistake in msrp; please report it)`,
  }
}

/** What the library's options are called here. */
const OPTIONS: Readonly<Record<string, string>> = {
  listen: '--listen',
  'listen.tls': '--tls',
  relay: '--relay',
  secure: '--tls',
}

function inTermsOfOptions({ code, message }: MsrpError): string {
  // The library names its option, which is one of the command line here.
  if (code === 'tls-authority') return message.replace('(ca)', '(--ca)')
  if (code === 'invalid-argument') return message.replace(/^peerFingerprint:/, '--fingerprint:')
  if (code === 'not-acceptable') return message.replace(/`([a-z.]+)`/g, (text, name) => OPTIONS[name] ?? text)
  // What can be read once is not to be had otherwise, and nobody sets here how much of it is held.
  if (code === 'connection-lost' && message.endsWith('set streamMemory')) {
    return message.replace(/: send a body [^:]*$/, ': store it in a file first, and send that')
  }
  // Relays do so when AUTH is for a name that is none of their own (Kamailio).
  if (code === 'connection-lost' && message.endsWith('before it answered AUTH')) {
    return `${message}. Is it the relay's own name that --relay gives?`
  }
  return message
}

function verdictOnDelivery({ label, confirmedBytes, total, cause }: Undelivered): Verdict {
  // The library wraps what the body threw; the reason for the exit code is inside.
  const verdict = verdictOn(cause instanceof MsrpError && cause.cause instanceof Failure ? cause.cause : cause)
  const part = `confirmed ${confirmedBytes} of ${total ?? 'an unknown number of'} bytes`
  return { ...verdict, message: `${label}: ${verdict.message}; ${part}`, confirmedBytes }
}
