import { lookup } from 'node:dns/promises'

/** Look-ups at one time: each keeps one of the process's four threads, which files and hashing need as well. */
const MOST = 2

let underWay = 0
const waiting: (() => void)[] = []

/**
 * A name's addresses by all that the operating system knows: search domains, mDNS and whatever else it is set up with.
 * It cannot be taken back, so that few are under way at one time in the whole process; the others wait for their turn,
 * until `signal`.
 */
export async function systemAddresses(host: string, signal?: AbortSignal): Promise<string[]> {
  await turn(signal)
  try {
    return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address)
  } finally {
    underWay--
    waiting.shift()?.()
  }
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  if (underWay < MOST) {
    underWay++
    return
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const leave = (): void => {
    waiting.splice(waiting.indexOf(begin), 1)
    reject(signal?.reason)
  }
  const begin = (): void => {
    signal?.removeEventListener('abort', leave)
    underWay++
    resolve()
  }
  signal?.addEventListener('abort', leave, { once: true })
  waiting.push(begin)
  await promise
}
