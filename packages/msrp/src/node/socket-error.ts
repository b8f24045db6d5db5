import { MsrpError } from '../wire/index.ts'

/** The error code that Node, libuv or OpenSSL gave, such as `ECONNRESET`; empty when there is none. */
export function errorCode(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return ''
}

/** What went wrong, in words: for the errors that people meet. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the far side reset the connection',
  EPIPE: 'the far side had closed the connection',
  ETIMEDOUT: 'the far side stopped answering',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EHOSTDOWN: 'the host is down',
  EADDRNOTAVAIL: 'the address does not belong to this machine or cannot be reached from it',
  EADDRINUSE: 'the address and port are in use by another program',
  EACCES: 'not permitted',
  EPERM: 'not permitted',
  ENOTFOUND: 'the name is not known to DNS',
  ENODATA: 'DNS knows no address for the name',
  EAI_AGAIN: 'DNS did not answer',
  ETIMEOUT: 'DNS did not answer',
  ECANCELLED: 'DNS did not answer in time',
  ESERVFAIL: 'the DNS server failed',
  EREFUSED: 'the DNS server refused to answer',
  EBADNAME: 'the name cannot be one in DNS',
  EMFILE: 'this process has too many files and connections open',
  ENFILE: 'this machine has too many files and connections open',
  ENOBUFS: 'the operating system has no room for another connection',
}

/** One clause without a full stop: why an operation on a socket failed. */
export function socketReason(cause: unknown): string {
  const known = reasons[errorCode(cause)]
  if (known) return known
  return cause instanceof Error ? firstLine(cause.message) : String(cause)
}

/** A connection that was there is gone. */
export function connectionLost(description: string, cause: unknown): MsrpError {
  return new MsrpError('connection-lost', `${description}: ${socketReason(cause)}`, { cause })
}

/** OpenSSL's messages carry the place in its source, as `40A7…:error:0A000410:SSL routines:…:reason:file:line:…`. */
function firstLine(message: string): string {
  const openssl = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)
  return openssl?.[1] ?? message.split('\n', 1)[0] ?? message
}
