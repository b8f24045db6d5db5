import type { Measured } from './load.ts'

/** Who is measured. `none`: the load alone, sender to receiver, to show that it is not what limits the others. */
export type PeerName = 'relay' | 'haproxy-16k' | 'haproxy-64k' | 'kamailio' | 'none'

/** What is counted of a run. */
export interface Figure {
  readonly unit: string
  readonly better: 'higher' | 'lower'
  of(measured: Measured): number
}

const throughput: Figure = {
  unit: 'MB/s',
  better: 'higher',
  of: ({ bytes, seconds }) => bytes / seconds / 1e6,
}

const messages: Figure = {
  unit: 'messages/s',
  better: 'higher',
  of: ({ messages, seconds }) => messages / seconds,
}

const latency: Figure = {
  unit: 'µs, median',
  better: 'lower',
  of: ({ latency }) => latency?.median ?? Number.NaN,
}

const setUps: Figure = {
  unit: 'set-ups/s',
  better: 'higher',
  of: ({ setups, seconds }) => setups / seconds,
}

/** One comparison: the same load through each peer. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly load: readonly string[]
  readonly peers: readonly PeerName[]
  readonly figure: Figure
  /** Ours divided by theirs (the other way round where less is better), at least. The best of several peers counts. */
  readonly target: { readonly against: readonly PeerName[]; readonly ratio: number }
  /** The figure counts only when the relay's core was busy. */
  readonly saturating: boolean
}

const haproxy: readonly PeerName[] = ['haproxy-16k', 'haproxy-64k']

export const cases: readonly Case[] = [
  {
    name: 'bulk-8',
    title: 'TLS, 8 sessions, chunks of 64 KiB, Failure-Report no',
    load: ['bulk', '--sessions', '8', '--chunk', '65536'],
    peers: ['relay', ...haproxy, 'none'],
    figure: throughput,
    target: { against: haproxy, ratio: 1 },
    saturating: true,
  },
  {
    name: 'bulk-64',
    title: 'the same, 64 sessions',
    load: ['bulk', '--sessions', '64', '--chunk', '65536'],
    peers: ['relay', ...haproxy, 'none'],
    figure: throughput,
    target: { against: haproxy, ratio: 0.85 },
    saturating: true,
  },
  {
    name: 'answered-8',
    title: 'TLS, 8 sessions, chunks of 10 KiB, each answered, 16 unanswered at most',
    load: ['bulk', '--failure-report', '--sessions', '8', '--chunk', '10240', '--window', '16'],
    peers: ['relay', 'kamailio', 'none'],
    figure: throughput,
    target: { against: ['kamailio'], ratio: 2 },
    saturating: true,
  },
  {
    name: 'messages-8',
    title: 'TLS, 8 sessions, messages of 200 bytes, answered on both hops, 16 unanswered at most',
    load: ['messages', '--sessions', '8', '--chunk', '200', '--window', '16'],
    peers: ['relay', 'kamailio', 'none'],
    figure: messages,
    target: { against: ['kamailio'], ratio: 5 },
    saturating: true,
  },
  {
    name: 'latency-1',
    title: 'TLS, one message of 200 bytes at a time, from sending to arrival',
    load: ['messages', '--sessions', '1', '--chunk', '200', '--window', '1'],
    peers: ['relay', 'kamailio', 'none'],
    figure: latency,
    target: { against: ['kamailio'], ratio: 1 },
    saturating: false,
  },
  {
    name: 'set-up',
    title: 'TCP, TLS handshake, AUTH, 401, AUTH, 200; 16 at a time',
    load: ['setup', '--concurrent', '16'],
    peers: ['relay', 'kamailio'],
    figure: setUps,
    target: { against: ['kamailio'], ratio: 1.1 },
    saturating: true,
  },
]
