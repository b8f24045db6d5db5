import { DEFAULT_LIMITS, type ParserLimits } from 'msrp/wire'
import type { z } from 'zod'
import { section, whole } from '../field.ts'

/** What peers may send and hold. The limits of the parser, such as `headerLineBytes`, come with their own defaults. */
export interface LimitSettings extends ParserLimits {
  /** Connections accepted at one time, those in their TLS handshake included. Default: 10000. */
  readonly connections: number
  /** Connections accepted from one address at one time. Default: 1000. */
  readonly connectionsPerAddress: number
  /** Connections made to next hops that there are at one time. Default: 10000. */
  readonly outboundConnections: number
  /**
   * Tokens, the URIs that AUTH yields, that one connection, or one account through other relays, may hold at one time.
   * Default: 1000.
   */
  readonly tokensPerConnection: number
  /** Bytes kept for one session in one direction before its source is made to wait. Default: 262144. */
  readonly bufferPerFlow: number
  /**
   * Bytes kept for all connections together. Beyond it each session gets the least buffer that keeps it going, and
   * connections that take nothing are given up after seconds. A quarter of it, at 4096 bytes each, may be tokens beyond
   * sixteen of each connection. Default: 268435456.
   */
  readonly totalBuffer: number
  /** Seconds for which a connection may take none of the bytes that wait for it before it is closed. Default: 300. */
  readonly stalledTime: number
  /** Seconds that a next hop has to accept a connection, and as many for its TLS handshake. Default: 10. */
  readonly connectTime: number
  /** Seconds until a connection without a successful request is closed (RFC 4976 §6.1). Default: 30. */
  readonly unauthenticatedTime: number
  /**
   * Failed AUTH requests within five minutes, for each account with tokens on it, after which a client's connection is
   * closed (RFC 4976 §6.3). Default: 5.
   */
  readonly authFailures: number
}

/** `[limits]` */
export function limitsSection(): z.ZodType<LimitSettings> {
  return section('What others may send, hold and make the relay keep. docs/relay.md adds it up.', {
    connections: whole(
      1,
      1_000_000,
      10_000,
      'Connections accepted at one time, those in their TLS handshake included.',
    ),
    connectionsPerAddress: whole(1, 1_000_000, 1000, 'Connections accepted from one address at one time.'),
    outboundConnections: whole(
      1,
      1_000_000,
      10_000,
      'Connections that the relay makes itself, to peers and other relays, at one time.',
    ),
    headerLineBytes: whole(
      256,
      1_048_576,
      DEFAULT_LIMITS.headerLineBytes,
      'Bytes of one line of a header; beyond it the connection is closed.',
    ),
    headerBlockBytes: whole(1024, 1_048_576, DEFAULT_LIMITS.headerBlockBytes, 'Bytes of a whole header; the same.'),
    pathUris: whole(2, 1000, DEFAULT_LIMITS.pathUris, 'URIs in To-Path or From-Path; the same.'),
    // RFC 4975 §7.1: nobody may send more than the default.
    nonSendBodyBytes: whole(
      0,
      DEFAULT_LIMITS.nonSendBodyBytes,
      DEFAULT_LIMITS.nonSendBodyBytes,
      'Bytes in the body of a request other than SEND; the same.',
    ),
    tokensPerConnection: whole(
      1,
      1_000_000,
      1000,
      'URIs that one connection may hold, or one user who comes through other relays.',
    ),
    bufferPerFlow: whole(
      16_384,
      1_073_741_824,
      262_144,
      'Bytes kept for one session in one direction while its next hop is slow: at most 32768 where its sender can be held up, and four times as much where it cannot, because others share its connection.',
    ),
    totalBuffer: whole(
      1_048_576,
      1_099_511_627_776,
      268_435_456,
      'Bytes kept for all connections together. When it is full, sessions get smaller buffers, and connections that take nothing for some seconds are closed. A quarter of it, at 4096 bytes each, may be URIs beyond sixteen a connection.',
    ),
    stalledTime: whole(
      1,
      86_400,
      300,
      'Seconds for which a connection may take none of the bytes that wait for it; then it is closed.',
    ),
    connectTime: whole(
      1,
      300,
      10,
      'Seconds that a next hop has to accept a connection, and as many for its TLS handshake.',
    ),
    unauthenticatedTime: whole(1, 3600, 30, 'Seconds until a connection without a successful request is closed.'),
    authFailures: whole(
      1,
      1000,
      5,
      "Failed AUTH requests within five minutes after which a client's connection is closed; as many for each of its users.",
    ),
  })
}
