import type { Case, Contender, PeerName } from './case.ts'
import {
  lateLatency,
  medianLatency,
  memory,
  memoryPerSession,
  messages,
  microsecondsPerMessage,
  microsecondsPerSetUp,
  secondsPerGiB,
  setUps,
  slowestShare,
  throughput,
} from './figures.ts'

/** Less in the buffers of each session where there are many, so that they neither fill memory nor blur the beginning. */
const many = ['--chunk', '65536', '--gather', '65536', '--receive-buffer', '131072'] as const

const haproxy = ['haproxy-16k', 'haproxy-64k'] as const
const kamailio = ['kamailio-1', 'kamailio-4'] as const

/** What a look at the whole can do without. */
const thorough: readonly PeerName[] = ['haproxy-splice', 'kamailio-4']

function through(...peers: readonly PeerName[]): Contender[] {
  return peers.map((peer) => ({ label: peer, peer, thorough: thorough.includes(peer) }))
}

/** Each peer at each number of active sessions. */
function growing(...peers: readonly PeerName[]): Contender[] {
  return [1, 8, 64, 400, 2000].flatMap((sessions) =>
    peers.map((peer) => ({
      label: `${peer}, ${sessions}`,
      peer,
      sessions,
      // Until thousands of sessions have filled their buffers, what arrives is not what is sent.
      load: ['--sessions', String(sessions), '--warmup', sessions < 1000 ? '3' : '10'],
      thorough: ![1, 64, 400].includes(sessions),
    })),
  )
}

export const cases: readonly Case[] = [
  {
    name: 'bulk-8',
    title: 'TLS, 8 sessions, chunks of 64 KiB, Failure-Report no',
    load: ['bulk', '--sessions', '8', '--chunk', '65536'],
    tls: true,
    contenders: through('relay', ...haproxy, 'none'),
    figures: [throughput, secondsPerGiB],
    targets: [{ figure: throughput, ours: 'relay', others: haproxy, ratio: 1 }],
    saturating: true,
  },
  {
    name: 'bulk-64',
    title: 'the same with 64 equal senders, and how equal they fare',
    load: ['bulk', '--sessions', '64', '--chunk', '65536'],
    tls: true,
    contenders: through('relay', ...haproxy, 'none'),
    figures: [throughput, secondsPerGiB, slowestShare],
    targets: [
      { figure: throughput, ours: 'relay', others: haproxy, ratio: 0.85 },
      { figure: slowestShare, ours: 'relay', bound: 0.7 },
    ],
    saturating: true,
  },
  {
    name: 'tcp-8',
    title: 'plain TCP, 8 sessions, chunks of 64 KiB, Failure-Report no',
    load: ['bulk', '--sessions', '8', '--chunk', '65536'],
    tls: false,
    contenders: through('relay', ...haproxy, 'haproxy-splice', 'none'),
    figures: [throughput, secondsPerGiB],
    targets: [{ figure: throughput, ours: 'relay', others: haproxy, ratio: 0.65 }],
    saturating: true,
  },
  {
    name: 'answered-8',
    title: 'TLS, 8 sessions, chunks of 10 KiB, each answered, 16 unanswered at most',
    load: ['bulk', '--failure-report', '--sessions', '8', '--chunk', '10240', '--window', '16'],
    tls: true,
    contenders: through('relay', ...kamailio, 'none'),
    figures: [throughput, secondsPerGiB, microsecondsPerMessage],
    targets: [{ figure: throughput, ours: 'relay', others: kamailio, ratio: 2 }],
    saturating: true,
  },
  {
    name: 'messages-8',
    title: 'TLS, 8 sessions, messages of 200 bytes, answered on both hops, 16 unanswered at most',
    load: ['messages', '--sessions', '8', '--chunk', '200', '--window', '16'],
    tls: true,
    contenders: through('relay', ...kamailio, 'none'),
    figures: [messages, microsecondsPerMessage],
    targets: [{ figure: messages, ours: 'relay', others: kamailio, ratio: 5 }],
    saturating: true,
  },
  {
    name: 'latency-1',
    title: 'TLS, one message of 200 bytes at a time, from sending to arrival',
    load: ['messages', '--sessions', '1', '--chunk', '200', '--window', '1'],
    tls: true,
    contenders: through('relay', ...kamailio, 'none'),
    figures: [medianLatency, lateLatency, microsecondsPerMessage],
    targets: [{ figure: medianLatency, ours: 'relay', others: kamailio, ratio: 1 }],
    saturating: false,
  },
  {
    name: 'overtake',
    title: 'TLS, a text of 2 KiB on the connection of a file of 1 GiB, beside 7 other files, from sending to arrival',
    load: ['overtake', '--sessions', '8', '--chunk', '65536'],
    tls: true,
    contenders: through('relay', 'haproxy-16k'),
    figures: [lateLatency, medianLatency, throughput],
    targets: [],
    saturating: true,
  },
  {
    name: 'set-up',
    title: 'TCP, TLS handshake, AUTH, 401, AUTH, 200; 16 at a time',
    load: ['setup', '--concurrent', '16'],
    tls: true,
    contenders: through('relay', 'kamailio-1'),
    figures: [microsecondsPerSetUp, setUps],
    targets: [{ figure: microsecondsPerSetUp, ours: 'relay', others: ['kamailio-1'], ratio: 1.1 }],
    // Calling costs the load about as much as being called costs the relay, so what a set-up costs is compared.
    saturating: false,
  },
  {
    name: 'stalled',
    title: 'TLS, 400 sessions with chunks of 64 KiB, and 20 more whose receivers read nothing',
    load: ['bulk', '--sessions', '400', ...many, '--warmup', '3'],
    quick: ['--warmup', '1'],
    tls: true,
    contenders: [
      { label: 'none stalled', peer: 'relay' },
      { label: '20 stalled', peer: 'relay', load: ['--stalled', '20'] },
    ],
    figures: [throughput, secondsPerGiB, memory, slowestShare],
    targets: [
      { figure: throughput, ours: '20 stalled', others: ['none stalled'], ratio: 0.9 },
      // docs/relay.md: 200 MiB by itself; each session 0.1 MiB a connection, 256 KiB and 320 KiB on their way out.
      { figure: memory, ours: '20 stalled', bound: 200 + 420 * (0.2 + 0.5625) },
    ],
    saturating: true,
  },
  {
    name: 'idle',
    title: '5,000 connections over TLS that say nothing, authenticated with the relays',
    load: ['idle', '--sessions', '5000', '--warmup', '10'],
    quick: ['--sessions', '1000', '--warmup', '1'],
    tls: true,
    contenders: through('relay', 'bare-tls', 'kamailio-1'),
    figures: [memoryPerSession],
    targets: [
      { figure: memoryPerSession, ours: 'relay', others: ['bare-tls'], ratio: 1 / 1.15 },
      { figure: memoryPerSession, ours: 'relay', bound: 35 },
    ],
    saturating: false,
  },
  {
    name: 'growth-bytes',
    title: 'TLS, what a byte costs by the number of active sessions; chunks of 64 KiB',
    load: ['bulk', ...many],
    quick: ['--warmup', '1'],
    tls: true,
    contenders: growing('relay', 'haproxy-16k'),
    figures: [secondsPerGiB, throughput],
    targets: [],
    saturating: false,
  },
  {
    name: 'growth-messages',
    title: 'TLS, what a message of 200 bytes costs by the number of active sessions; 16 unanswered at most',
    load: ['messages', '--chunk', '200', '--window', '16', '--gather', '65536'],
    quick: ['--warmup', '1'],
    tls: true,
    contenders: growing('relay', 'kamailio-4'),
    figures: [microsecondsPerMessage, messages],
    targets: [],
    saturating: false,
  },
]
