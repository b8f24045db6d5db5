import {
  type Accepted,
  type ListenSocketsOptions,
  listenSockets,
  type SocketListener,
  type SocketTransport,
} from '../../src/node/index.ts'

/** A listener on a free port, and what has become of those who came. */
export interface Listening {
  readonly listener: SocketListener
  readonly port: number
  readonly accepted: { transport: SocketTransport; info: Accepted }[]
  readonly refused: string[]
  /** Resolves when that many have been accepted, or refused. */
  until(what: 'accepted' | 'refused', count: number): Promise<void>
  /** Takes the first of those who have been accepted, once there is one. */
  next(): Promise<{ transport: SocketTransport; info: Accepted }>
}

/** Listens until its test is over. */
export async function listenUntil(
  cleanups: (() => unknown)[],
  options: Partial<ListenSocketsOptions> = {},
): Promise<Listening> {
  const accepted: Listening['accepted'] = []
  const refused: string[] = []
  let look = (): void => {}
  const listener = await listenSockets({
    host: '127.0.0.1',
    port: 0,
    ...options,
    onTransport: (transport, info) => {
      accepted.push({ transport, info })
      look()
    },
    onRefused: (why, remote) => {
      refused.push(`${why} ${remote}`)
      look()
    },
  })
  cleanups.push(() => listener.close({ transports: true }))
  const until = (what: 'accepted' | 'refused', count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if ((what === 'accepted' ? accepted : refused).length >= count) resolve()
      }
      look()
    })
  const next = async (): Promise<Listening['accepted'][number]> => {
    await until('accepted', 1)
    return accepted.shift()!
  }
  return { listener, port: listener.address.port, accepted, refused, until, next }
}
