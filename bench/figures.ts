import type { Measured } from './load.ts'

/** What is counted of a run; NaN where the run does not show it. */
export interface Figure {
  readonly unit: string
  readonly better: 'higher' | 'lower'
  of(measured: Measured): number
}

export const throughput: Figure = {
  unit: 'MB/s',
  better: 'higher',
  of: ({ bytes, seconds }) => bytes / seconds / 1e6,
}

export const messages: Figure = {
  unit: 'messages/s',
  better: 'higher',
  of: ({ messages, seconds }) => messages / seconds,
}

export const setUps: Figure = {
  unit: 'set-ups/s',
  better: 'higher',
  of: ({ setUps, seconds }) => setUps / seconds,
}

/** CPU time of all processes of the relay, in user and kernel mode. */
export const secondsPerGiB: Figure = {
  unit: 'CPU s/GiB',
  better: 'lower',
  of: ({ relayBusy, seconds, bytes }) => (relayBusy * seconds) / (bytes / 2 ** 30),
}

export const microsecondsPerMessage: Figure = {
  unit: 'CPU µs/message',
  better: 'lower',
  of: ({ relayBusy, seconds, messages }) => (relayBusy * seconds * 1e6) / messages,
}

export const microsecondsPerSetUp: Figure = {
  unit: 'CPU µs/set-up',
  better: 'lower',
  of: ({ relayBusy, seconds, setUps }) => (relayBusy * seconds * 1e6) / setUps,
}

export const medianLatency: Figure = {
  unit: 'µs, median',
  better: 'lower',
  of: ({ latency }) => latency?.median ?? Number.NaN,
}

export const lateLatency: Figure = {
  unit: 'µs, 99th percentile',
  better: 'lower',
  of: ({ latency }) => latency?.p99 ?? Number.NaN,
}

export const slowestShare: Figure = {
  unit: 'slowest ÷ mean',
  better: 'higher',
  of: ({ slowest }) => slowest,
}

export const memory: Figure = {
  unit: 'MiB',
  better: 'lower',
  of: ({ memory }) => memory / 2 ** 20,
}

/** What has come to it since before the first session. */
export const memoryPerSession: Figure = {
  unit: 'KiB/session',
  better: 'lower',
  of: ({ memory, memoryBefore, sessions }) => (memory - memoryBefore) / 2 ** 10 / sessions,
}
