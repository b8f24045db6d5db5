import type { ConnectionTotal } from '../forwarding/connection-totals.ts'
import { Counters } from '../forwarding/counters.ts'
import type { Histogram } from '../forwarding/histogram.ts'
import { PROTOCOLS } from '../forwarding/protocol.ts'
import type { StatusCounts } from '../forwarding/status-counts.ts'
import type { Administered, AdministeredRelay } from './administered.ts'

/** Values of labels, with the number that goes with them. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** A metric of the relay's own. Its samples are read when somebody asks; each is there from the start, with 0. */
export type MetricRow =
  | {
      readonly name: string
      readonly help: string
      readonly type: 'counter' | 'gauge'
      readonly labels: readonly string[]
      readonly samples: (of: Administered, relay: AdministeredRelay | undefined) => Iterable<Sample>
    }
  | {
      readonly name: string
      readonly help: string
      readonly type: 'histogram'
      readonly histogram: (counters: Counters) => Histogram
    }

/** What is shown until the relay runs. */
const none = new Counters()

/** The places that records of sessions may go to. */
const PLACES = ['file', 'database'] as const

/** All metrics of the relay's own, in the order of the reference. */
export const metricTable: readonly MetricRow[] = [
  {
    name: 'msrp_relay_info',
    help: 'Version of the relay; always 1.',
    type: 'gauge',
    labels: ['version'],
    samples: ({ version }) => [[{ version }, 1]],
  },
  gauge('msrp_relay_ready', 'Whether the relay takes new sessions: 1, or 0 while it starts or drains.', (of) =>
    of.state === 'running' ? 1 : 0,
  ),
  gauge(
    'msrp_relay_sessions',
    'Sessions (URIs handed out by AUTH) that are valid now.',
    (_, relay) => relay?.tokens ?? 0,
  ),
  counter('msrp_relay_sessions_started_total', 'Sessions begun.', ({ sessions }) => sessions),
  labelled('msrp_relay_sessions_ended_total', 'Sessions over, by why.', 'reason', 'sessionsEnded'),
  {
    name: 'msrp_relay_connections',
    help: 'Connections open now; inbound ones came to the relay, outbound ones it made.',
    type: 'gauge',
    labels: ['transport', 'direction'],
    samples: byTransport({ inbound: 'openInbound', outbound: 'openOutbound' }),
  },
  {
    name: 'msrp_relay_connections_opened_total',
    help: 'Connections opened, after their TLS handshake.',
    type: 'counter',
    labels: ['transport', 'direction'],
    samples: byTransport({ inbound: 'inbound', outbound: 'outbound' }),
  },
  labelled(
    'msrp_relay_connections_refused_total',
    'Inbound connections that came to nothing, by why.',
    'reason',
    'refused',
  ),
  {
    name: 'msrp_relay_bytes_total',
    help: 'Bytes of MSRP, headers included, that came in and went out.',
    type: 'counter',
    labels: ['transport', 'direction'],
    samples: byTransport({ received: 'bytesReceived', sent: 'bytesSent' }),
  },
  {
    name: 'msrp_relay_chunks_total',
    help: 'SEND requests that came in and went out; one may go out as several.',
    type: 'counter',
    labels: ['transport', 'direction'],
    samples: byTransport({ received: 'chunksReceived', sent: 'chunksSent' }),
  },
  counter('msrp_relay_body_bytes_total', 'Bytes of message bodies that were forwarded.', ({ bodyBytes }) => bodyBytes),
  labelled('msrp_relay_requests_total', 'Requests that came in, by method.', 'method', 'requests'),
  {
    name: 'msrp_relay_responses_total',
    help: 'Responses that came in from next hops, and that went out, by status.',
    type: 'counter',
    labels: ['direction', 'status'],
    samples: byStatus('direction', { received: 'responsesReceived', sent: 'responsesSent' }),
  },
  {
    name: 'msrp_relay_reports_total',
    help: 'REPORTs that the relay made itself, and that it forwarded, by their status.',
    type: 'counter',
    labels: ['origin', 'status'],
    samples: byStatus('origin', { relay: 'ownReports', forwarded: 'forwardedReports' }),
  },
  {
    name: 'msrp_relay_turned_away_total',
    help: 'Requests and responses that went no further, by why.',
    type: 'counter',
    labels: ['reason'],
    samples: (_, relay) => [
      [{ reason: 'unknown_token' }, relay?.counters.unknownTokens ?? 0],
      [{ reason: 'misdirected' }, relay?.counters.misdirected ?? 0],
      [{ reason: 'intruder' }, relay?.counters.intruders ?? 0],
      [{ reason: 'dropped' }, relay?.counters.dropped ?? 0],
    ],
  },
  labelled(
    'msrp_relay_policy_refusals_total',
    'AUTHs and chunks refused by what operators say of users and messages, by what was against them.',
    'reason',
    'policyRefusals',
  ),
  counter(
    'msrp_relay_pauses_total',
    'How often a sender was not read for a while, because of the bytes a second of a user or domain.',
    ({ pauses }) => pauses,
  ),
  labelled('msrp_relay_auth_total', 'AUTH requests to this relay, by how they were answered.', 'result', 'auth'),
  {
    name: 'msrp_relay_auth_seconds',
    help: 'Time from the arrival of an AUTH until its answer, the user database included.',
    type: 'histogram',
    histogram: ({ authTime }) => authTime,
  },
  {
    name: 'msrp_relay_answer_seconds',
    help: 'Time from the arrival of the end of a chunk until its next hop answers, what it waits in the relay included.',
    type: 'histogram',
    histogram: ({ answerTime }) => answerTime,
  },
  labelled('msrp_relay_dials_total', 'Attempts to connect to next hops, by what became of them.', 'result', 'dials'),
  gauge(
    'msrp_relay_buffer_bytes',
    'Bytes kept for messages, requests and what waits to be sent, as they count for total_buffer.',
    (_, relay) => relay?.buffered ?? 0,
  ),
  gauge('msrp_relay_buffer_limit_bytes', 'The setting total_buffer.', ({ bufferLimit }) => bufferLimit),
  {
    name: 'msrp_relay_certificate_expiry_timestamp_seconds',
    help: 'When the certificate runs out, in seconds since 1970; 0 when that is not known.',
    type: 'gauge',
    labels: [],
    samples: ({ certificateExpires }) => [[{}, certificateExpires ?? 0]],
  },
  {
    name: 'msrp_relay_accounting_records_total',
    help: 'Records of sessions that were written, or lost.',
    type: 'counter',
    labels: ['place', 'result'],
    samples: ({ accounting }) =>
      PLACES.flatMap((place): Sample[] => [
        [{ place, result: 'written' }, accounting.get(place)?.written ?? 0],
        [{ place, result: 'lost' }, accounting.get(place)?.lost ?? 0],
      ]),
  },
  {
    name: 'msrp_relay_accounting_failures_total',
    help: 'Times that records of sessions could not be written; they are tried again.',
    type: 'counter',
    labels: ['place'],
    samples: ({ accounting }) => PLACES.map((place) => [{ place }, accounting.get(place)?.failures ?? 0]),
  },
  {
    name: 'msrp_relay_accounting_waiting',
    help: 'Records of sessions that wait to be written.',
    type: 'gauge',
    labels: ['place'],
    samples: ({ accounting }) => PLACES.map((place) => [{ place }, accounting.get(place)?.waiting ?? 0]),
  },
]

function gauge(
  name: string,
  help: string,
  value: (of: Administered, relay: AdministeredRelay | undefined) => number,
): MetricRow {
  return { name, help, type: 'gauge', labels: [], samples: (of, relay) => [[{}, value(of, relay)]] }
}

function counter(name: string, help: string, value: (counters: Counters) => number): MetricRow {
  const samples = (_: Administered, relay: AdministeredRelay | undefined): Sample[] => [
    [{}, relay === undefined ? 0 : value(relay.counters)],
  ]
  return { name, help, type: 'counter', labels: [], samples }
}

/** A counter for each name that a table of counters has. */
function labelled(
  name: string,
  help: string,
  label: string,
  table: 'refused' | 'auth' | 'dials' | 'policyRefusals' | 'requests' | 'sessionsEnded',
): MetricRow {
  const samples = (_: Administered, relay: AdministeredRelay | undefined): Sample[] =>
    Object.entries((relay?.counters ?? none)[table]).map(([value, count]) => [{ [label]: value }, count])
  return { name, help, type: 'counter', labels: [label], samples }
}

function byTransport(fields: Readonly<Record<string, keyof ConnectionTotal>>) {
  return (_: Administered, relay: AdministeredRelay | undefined): Sample[] => {
    const traffic = relay?.traffic
    return PROTOCOLS.flatMap((transport) =>
      Object.entries(fields).map(
        ([direction, field]): Sample => [{ transport, direction }, traffic?.[transport][field] ?? 0],
      ),
    )
  }
}

type Statuses = 'responsesReceived' | 'responsesSent' | 'ownReports' | 'forwardedReports'

function byStatus(label: string, fields: Readonly<Record<string, Statuses>>) {
  return (_: Administered, relay: AdministeredRelay | undefined): Sample[] =>
    Object.entries(fields).flatMap(([value, field]) => {
      const counts: StatusCounts = (relay?.counters ?? none)[field]
      return [...counts.entries()].map(([status, count]): Sample => [{ [label]: value, status }, count])
    })
}
