import { connect, type Socket } from 'node:net'
import { MsrpError } from '../wire/index.ts'
import { formatAuthority } from './authority.ts'
import { socketReason } from './socket-error.ts'

/** How long the latest attempt is alone before the next address joins in (RFC 8305 §8). Milliseconds. */
const ATTEMPT_DELAY = 250

/**
 * Connects to whichever address answers first, in the manner of RFC 8305: in the order given but with the families in
 * turn, each attempt joined by the next when it failed or has not answered for 250 ms. Earlier attempts go on
 * meanwhile. (Node's `autoSelectFamily` gives them up instead, so that a host further away than 250 ms stays unreached.)
 *
 * `target` is `host:port` for messages. Rejects with MsrpError `unreachable`, or with the signal's reason.
 */
export function connectToFirst(
  target: string,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const waiting = alternateFamilies(addresses)
  const attempts = new Set<Socket>()
  const failures: { readonly address: string; readonly cause: unknown }[] = []
  let next: NodeJS.Timeout | undefined

  function settle(winner?: Socket): void {
    clearTimeout(next)
    waiting.length = 0
    signal.removeEventListener('abort', onAbort)
    for (const socket of attempts) if (socket !== winner) socket.destroy()
    attempts.clear()
  }

  function onAbort(): void {
    settle()
    reject(signal.reason)
  }

  function attempt(): void {
    clearTimeout(next)
    const host = waiting.shift()
    if (host === undefined) {
      if (attempts.size > 0) return
      settle()
      reject(unreachable(target, failures))
      return
    }
    const socket = connect({ host, port, noDelay: true })
    attempts.add(socket)
    socket.once('connect', () => {
      settle(socket)
      resolve(socket)
    })
    socket.on('error', (cause) => {
      if (!attempts.delete(socket)) return
      failures.push({ address: formatAuthority(host, port), cause })
      attempt()
    })
    if (waiting.length > 0) next = setTimeout(attempt, ATTEMPT_DELAY)
  }

  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  else attempt()
  return promise
}

function unreachable(target: string, failures: readonly { address: string; cause: unknown }[]): MsrpError {
  const [only] = failures
  const why =
    failures.length === 1 && only
      ? socketReason(only.cause)
      : failures.map(({ address, cause }) => `${address}: ${socketReason(cause)}`).join('; ')
  const text = `cannot reach ${target}: ${why || 'the name has no address'}`
  return new MsrpError('unreachable', `${text}. Check host and port, and that the program runs there`, {
    cause: failures.at(-1)?.cause,
  })
}

/** RFC 8305 §4: the first address's family first, then the families in turn, each in its own order. */
export function alternateFamilies(addresses: readonly string[]): string[] {
  const isSix = (address: string): boolean => address.includes(':')
  const firstIsSix = isSix(addresses[0] ?? '')
  const first = addresses.filter((address) => isSix(address) === firstIsSix)
  const second = addresses.filter((address) => isSix(address) !== firstIsSix)
  const mixed: string[] = []
  while (first.length + second.length > 0) mixed.push(...first.splice(0, 1), ...second.splice(0, 1))
  return mixed
}
