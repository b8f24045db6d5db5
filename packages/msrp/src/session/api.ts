import type { MsrpError } from '../wire/index.ts'
import type { MessageBody } from './body.ts'
import type { CompleteOptions, PathInput, SendOptions } from './options.ts'
import type { FileSink, SaveOptions } from './platform.ts'

/** How a session came to its end. */
export interface SessionEnd {
  /** `local`: `close()` was called here. `peer`: the far side closed the connection in order. `failure`: see `error`. */
  readonly by: 'local' | 'peer' | 'failure'
  readonly error?: MsrpError
}

/**
 * A session between two endpoints (RFC 4975). Iterating gives the messages as they begin to arrive: one at a time, in
 * the order in which their first chunks came. The iteration ends with the session, after what is complete was handed out; at
 * once with `close()`, which throws away what nobody was given yet.
 */
export interface Session extends AsyncIterable<IncomingMessage>, AsyncDisposable {
  /** Our path, as the peer has it. */
  readonly localPath: string
  /** The peer's path. */
  readonly remotePath: string
  /** Whether the connection to the next hop is protected by TLS. */
  readonly secure: boolean
  readonly state: 'open' | 'closing' | 'closed'
  /** Whether it outlives its connections, and what one brought of a message goes on over the next, as in a `ResumingSession`. */
  readonly resuming?: boolean
  /**
   * Sends a message; never blocks and never throws for what happens on the way: see `delivered`.
   * @throws MsrpError `invalid-argument` for options that cannot be used, and for a body that cannot be opened, such as a
   *   locked stream. Where what it takes has to be loaded first, as in browsers, `delivered` rejects with that instead.
   */
  send(body: MessageBody, options?: SendOptions): OutgoingMessage
  /**
   * Sends a request of another method than RFC 4975's, such as NICKNAME, without body; resolves when the peer has answered
   * it with 200. `useNickname` of `msrp/chatroom` is made of it.
   * @throws MsrpError `refused` with the peer's status, `timeout` after 30 s, `connection-lost`, `closed`,
   *   `invalid-argument`
   */
  sendRequest(method: string, fields?: readonly (readonly [name: string, value: string])[]): Promise<void>
  /** What has passed so far: a picture of this moment, made when it is asked for. */
  readonly statistics: SessionStatistics
  /** Settles never with an error: says how the session ended. */
  readonly closed: Promise<SessionEnd>
  /**
   * Ends the session: sends what is pending of responses and REPORTs, abandons messages that are not out yet, and closes
   * the connection when neither another session nor a path through a relay uses it. Resolves when done. What has come whole
   * can still be read by whoever has it, without a REPORT; `finish({ incoming: true })` waits for that, and for the rest.
   */
  close(): Promise<void>
  /**
   * Ends the session once what is outstanding is done: takes no further message to send, waits until each one that was sent is
   * delivered or has failed, then closes. Resolves when closed, with the messages that were not delivered.
   */
  finish(options?: FinishOptions): Promise<Finished>
  /**
   * Ends the session at once as if its connection had broken, for one that is known to be dead, such as after a change of the
   * network: messages fail with the error, and what has arrived of others is kept for `resumeFor`. Where the line still works,
   * what is going out is not abandoned for the peer (`+`): another session may bring the rest. Default: `connection-lost`.
   */
  drop(error?: MsrpError): void
}

/** How `finish` waits. */
export interface FinishOptions {
  /** Closes without waiting any longer, as with `AbortSignal.timeout(30_000)`. Default: waits as long as messages take. */
  readonly signal?: AbortSignal
  /** Waits for messages that are coming in as well, until each is read to its end, refused, or has failed. Default false. */
  readonly incoming?: boolean
}

/** How `finish` went. */
export interface Finished {
  /** Those of the messages under way when it was called that were not delivered; `delivered` of each says why. */
  readonly undelivered: readonly OutgoingMessage[]
}

/** What has passed in one direction. Requests without body are no messages, and are not counted. */
export interface Traffic {
  /** Messages that are out, or have come in, whole. */
  readonly messages: number
  readonly chunks: number
  /** Body bytes, repeated ones among them. */
  readonly bytes: number
  readonly reports: number
}

/** What has passed on a session. Times in milliseconds, sizes in bytes. */
export interface SessionStatistics {
  readonly sent: Traffic
  readonly received: Traffic
  /** Messages that are neither delivered nor failed, and how many bytes of them are out and not confirmed. */
  readonly unconfirmed: { readonly messages: number; readonly bytes: number }
  /** Bytes that had to be sent again: in smaller chunks after a 501, or over another connection. */
  readonly resentBytes: number
  /** How often each status from 300 on came for something of ours, in a response or REPORT; 408 for what nobody answered. */
  readonly failures: Readonly<Record<number, number>>
  /** From the end of a chunk to its response, smoothed; the time it waited here is part of it. Undefined before the first. */
  readonly roundTrip: number | undefined
  /** Since the session began. */
  readonly age: number
  /** Since bytes last went in or out on its connection. */
  readonly idle: number
}

/** Bytes that are known to have arrived; positions count from 1, both ends are included, as in Byte-Range. */
export interface ConfirmedBytes {
  /** How many bytes from the first on are confirmed without a gap. */
  readonly contiguous: number
  /** How many bytes are confirmed in all. */
  readonly bytes: number
  readonly ranges: readonly { readonly start: number; readonly end: number }[]
}

/** A message on its way out. */
export interface OutgoingMessage {
  readonly messageId: string
  readonly contentType: string
  /** Size in bytes; for streams of unknown size known once they end. */
  readonly total: number | undefined
  /** Body bytes handed to the operating system so far. */
  readonly sent: number
  /** Which bytes are confirmed. `SendProgress` tells its `bytes`, progress of a file its `contiguous`. */
  readonly confirmed: ConfirmedBytes
  /**
   * With `successReport`: resolves when success REPORTs cover every byte. Without: when every chunk was answered 200
   * (`failureReport: 'yes'`), or when everything was handed to the operating system (`partial`, `no`).
   *
   * Rejects with an MsrpError: `refused` with the peer's status, `timeout` (also for a 408), `report-timeout`, `aborted`,
   * `type-not-accepted`, `too-large` (for the peer's `max-size`), `storage` (the body could not be read),
   * `connection-lost`, `closed` or whatever else ended the session. A rejection that nobody looks at does not end the
   * process.
   */
  readonly delivered: Promise<void>
  /** Abandons it; `delivered` rejects with `aborted`. Without effect once everything is out. */
  abort(reason?: unknown): void
}

/**
 * A message coming in, from the moment its first chunk's header has arrived. Read it once, by one of the five ways. Each
 * rejects with an MsrpError: `aborted` when the sender abandons it, `connection-lost`, `too-large` and others.
 */
export interface IncomingMessage {
  readonly messageId: string
  /** The value of Content-Type with its parameters. */
  readonly contentType: string
  /** The value of Content-Disposition as it came. */
  readonly disposition: string | undefined
  /**
   * The file name in Content-Disposition, as the sender gives it: it may hold `/`, `..` or control characters, so never
   * use it as a path without making it safe.
   */
  readonly fileName: string | undefined
  /** Size in bytes; undefined until it is known. */
  readonly size: number | undefined
  /** Body bytes that have arrived so far. */
  readonly received: number
  /**
   * Whether a message with this Message-ID was completed before on the same Endpoint (RFC 4975 §5.4), and could be taken
   * or still can: one that was refused, not stored or thrown away unread does not count.
   */
  readonly duplicate: boolean
  /** Bytes at the front that an earlier session brought and whose reader had them: reading begins after them. Mostly 0. */
  readonly offset: number
  /**
   * Whether the first chunk to arrive begins behind bytes that are not here. Of a message that goes on where an earlier session
   * broke nobody will bring them (RFC 4975 §5.4): refuse it with 413, and its sender may send all of it again.
   */
  readonly frontMissing: boolean
  /** Whether the sender asks for success REPORTs. */
  readonly successReport: boolean
  /** Any header field of the first chunk, by name in any case. */
  field(name: string): string | undefined
  /**
   * The whole body as text, by the charset of its Content-Type, UTF-8 where it names none. Fails with `not-understood`, and
   * leaves the message to be read otherwise, where the charset is not known.
   */
  text(): Promise<string>
  /** The whole body. Memory grows with it: use `stream` or `saveTo` for what may be large. */
  bytes(): Promise<Uint8Array>
  /**
   * The whole body as a Blob of its Content-Type. A browser keeps large ones on disk, so that the page's memory stays
   * bounded; Node has them in memory.
   */
  blob(): Promise<Blob>
  /** The body in order, as it arrives. Cancelling it tells the sender to stop (413). */
  stream(): ReadableStream<Uint8Array>
  /**
   * Writes the body to a file, which has its name only when complete; resolves with its path. The sender's success REPORT
   * covers the last byte only after that. Instead of a path a sink of one's own can be given: bytes go to its `write` by
   * position, and the last REPORT waits for its `finish`, with whose result it resolves; when the message fails, `discard`
   * is called.
   * @throws MsrpError `storage` when it cannot be written or the name is taken; what a sink throws is its `cause`.
   */
  saveTo(path: string, options?: SaveOptions): Promise<string>
  saveTo<Result>(sink: FileSink<Result>, options?: SaveOptions): Promise<Result>
  /** Settles when every byte has arrived, read or not; rejects when that cannot happen any more. */
  readonly complete: Promise<void>
  /** Takes no more of it: the sender gets the status (413 unless given) and stops. */
  refuse(status?: number, comment?: string): void
}

/** What `path-changed` carries. */
export interface PathChange {
  /** The path that replaces `localPath`; peers need to be told (a new SDP offer). */
  readonly localPath: string
  /** When the old path stops working; milliseconds from now. */
  readonly oldExpiresIn: number
}

/** A local path that waits for its peer: give it out in the SDP, then `complete` it with the peer's. */
export interface PreparedSession extends AsyncDisposable {
  /** The value for the SDP attribute `path`; to be handed to the peer. */
  readonly localPath: string
  /**
   * Values for the SDP attribute `fingerprint`, one each: those of the certificate that we show, in `tls` or `listen.tls`
   * (RFC 8122). None without one, or through a relay.
   */
  readonly fingerprints: readonly string[]
  /**
   * Gives the peer's path. The active side connects, sends the first request and resolves when it is answered 200; the
   * passive side resolves when the peer's first request has come. May be called once per answer (forking, RFC 4975 §8.8).
   * @throws MsrpError `refused` (with status), `unreachable`, `timeout`, `aborted`, `closed` and what TLS brings
   */
  complete(remotePath: PathInput, options?: CompleteOptions): Promise<Session>
  /** With `remotePath: 'first'`: one session after another on this path. */
  sessions(): AsyncIterableIterator<Session>
  /** The relay handed out another path. Called on refresh, if at all. What it throws becomes an uncaught error; the path is kept. */
  onPathChanged: ((change: PathChange) => void) | undefined
  /** Resolves when it is over: closed here, or the relay's connection is gone and `error` says why. */
  readonly closed: Promise<SessionEnd>
  /** Takes no further peers. Sessions that live go on; listening and relay are given up when nobody needs them. */
  close(): Promise<void>
}

/** Waits for peers at one path, one after another. */
export interface Listener extends AsyncIterable<Session>, AsyncDisposable {
  /** To hand to the peer. */
  readonly localPath: string
  /** Fingerprints of our certificate, `sha-256 AB:CD:…`, for peers that do not know its authority. None without TLS. */
  readonly fingerprints: readonly string[]
  readonly closed: Promise<SessionEnd>
  close(): Promise<void>
}
