import type { MsrpErrorCode } from 'msrp'

/** How `msrp` ends; scripts and monitoring rely on these numbers, so they never change their meaning. */
export const ExitCode = {
  ok: 0,
  /** A fault of this program. */
  internal: 1,
  usage: 2,
  /** A file to be read is missing or unreadable. */
  file: 3,
  /** The disk is full or the folder cannot be written. */
  storage: 4,
  /** Connection refused, no such name, no route, or the local port is taken. */
  unreachable: 5,
  tlsAuthority: 6,
  tlsName: 7,
  /** What answered does not speak MSRP, or breaks it. */
  notMsrp: 8,
  /** Wrong password or unknown user: one code on purpose, so that nobody can find out which names exist. */
  unauthorized: 9,
  token: 10,
  refused: 11,
  connectionLost: 12,
  timeout: 13,
  /** What arrived is not the file that was described, and was not stored. */
  mismatch: 14,
  /** 128 + SIGHUP: the terminal is gone. */
  hungUp: 129,
  /** 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGPIPE: whoever read standard output went away. */
  brokenPipe: 141,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const

/** The exit code for each error of the library. */
export const exitCodes: Readonly<Record<MsrpErrorCode, number>> = {
  'invalid-argument': ExitCode.usage,
  'file-unreadable': ExitCode.file,
  storage: ExitCode.storage,
  'file-mismatch': ExitCode.mismatch,
  unreachable: ExitCode.unreachable,
  'tls-authority': ExitCode.tlsAuthority,
  'tls-name': ExitCode.tlsName,
  'tls-fingerprint': ExitCode.tlsAuthority,
  'not-msrp': ExitCode.notMsrp,
  malformed: ExitCode.notMsrp,
  'limit-exceeded': ExitCode.notMsrp,
  unauthorized: ExitCode.unauthorized,
  'token-expired': ExitCode.token,
  refused: ExitCode.refused,
  'type-not-accepted': ExitCode.refused,
  'not-understood': ExitCode.refused,
  'not-acceptable': ExitCode.refused,
  glare: ExitCode.refused,
  'offer-due': ExitCode.refused,
  'too-large': ExitCode.refused,
  'connection-lost': ExitCode.connectionLost,
  closed: ExitCode.connectionLost,
  'queue-full': ExitCode.connectionLost,
  aborted: ExitCode.connectionLost,
  timeout: ExitCode.timeout,
  'report-timeout': ExitCode.timeout,
  internal: ExitCode.internal,
}
