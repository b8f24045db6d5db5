import type { Container } from '../mime/container.ts'
import type { ParserLimits } from '../wire/index.ts'
import type { Envelope } from './envelope.ts'
import type { ListenOptions, TlsOptions, TraceEvent } from './platform.ts'

/** The value of an SDP `path` attribute: URIs separated by spaces, or one by one. The leftmost is visited first. */
export type PathInput = string | readonly string[]

/** The relay to go through, or a chain of them, nearest first (RFC 4976). */
export interface RelayOptions {
  /**
   * Such as `relay.example.com` or `relay.example.com:2855`, which stand for `msrps://relay.example.com;tcp` and so on;
   * without a port it is found by SRV, then by address at port 2855. Or a URL such as `wss://relay.example.com/msrp`, to reach
   * the first relay by WebSocket (RFC 7977); in a browser always.
   */
  readonly uri: PathInput
  /**
   * The name as the relay has it in its realm: for `alice@example.com` that is `alice`. Name and password may be absent where a
   * cookie of the page authenticates the WebSocket (RFC 7977 §5.3.1).
   */
  readonly username?: string
  readonly password?: string
  /**
   * Shows user name and password in the WebSocket's handshake already, so that the relay need not ask. They are sent as
   * they are, under TLS: for passwords that run out soon, which a web application hands out. Default false.
   */
  readonly handshake?: boolean
  /**
   * The transport that our own URI names when the relay is reached by WebSocket. Many peers refuse a path with `ws`, which
   * RFC 7977 §5.2.1 wants; with `tcp` they take it, and it makes no difference to the relay. Default `ws`.
   */
  readonly localTransport?: 'ws' | 'tcp'
  /** Lifetime to ask for, in seconds. Not asked for unless given; the relay's answer counts. */
  readonly expires?: number
}

/** What `onRequest` gets to decide on: the first chunk of a message. */
export interface RequestFacts {
  readonly messageId: string
  /** The value of Content-Type with its parameters. */
  readonly contentType: string
  readonly contentDisposition: string | undefined
  /** Size of the whole message in bytes, if announced. */
  readonly size: number | undefined
  /** From-Path of the request, first hop first. */
  readonly fromPath: readonly string[]
  /** Any other header field by name, in any case. */
  field(name: string): string | undefined
}

/** Take the message, or refuse it with a status from 400 on (RFC 4975 §10) and words of one's own. */
export type Verdict = 'accept' | number | { readonly status: number; readonly comment?: string }

/** How a session behaves. Each limit has its default; times are in milliseconds, sizes in bytes. */
export interface SessionOptions {
  /**
   * Media types taken in, as in the SDP attribute `accept-types`: others get 415, except for those that every endpoint has
   * to take (`MANDATORY_TYPES`). `*` and `type/*` work. Not empty. Default `['*']`.
   */
  readonly acceptTypes?: readonly string[]
  /**
   * Media types that are taken inside of containers besides, as in the SDP attribute `accept-wrapped-types` (RFC 4975 §8.6).
   * What is in neither list gets 415, as far as the first 2048 bytes show it; nobody gets the message before those have come.
   * Needs `containers`. Default: none.
   */
  readonly acceptWrappedTypes?: readonly string[]
  /** How to see what is inside of messages: `cpimContainer` of `msrp/cpim`, `multipartContainer` of `msrp/multipart`. */
  readonly containers?: readonly Container[]
  /** Media types that the peer takes, from its SDP: others are refused here with `type-not-accepted`. Default `['*']`. */
  readonly peerAcceptTypes?: readonly string[]
  /**
   * Media types that the peer takes inside of containers besides, from its SDP. What is in neither list is refused here with
   * `type-not-accepted`: what `envelope` wraps, what `wrappedTypes` names, and what `containers` show of text and bytes.
   */
  readonly peerAcceptWrappedTypes?: readonly string[]
  /**
   * The envelope for a peer whose accept types begin with its type, such as a gateway: what is sent to it goes out wrapped,
   * files excepted (RFC 4975 §13). `cpimEnvelope` of `msrp/cpim` makes one.
   */
  readonly envelope?: Envelope
  /**
   * The fingerprints of the peer's certificate from its SDP, each `sha-256 AB:CD:…` (RFC 8122): the certificate has to be
   * that one, self-signed or not, or the connection is closed before anything is exchanged. Nothing else of it is checked
   * then, neither names nor authority. Of several hash functions the strongest counts; SHA-1 and MD5 alone are an
   * `invalid-argument`. For `msrps` without relays, whose certificates have names. A peer that connects to us needs a
   * certificate then, too.
   */
  readonly peerFingerprint?: string | readonly string[]
  /** Largest message taken in, at least 1; larger ones get 413 as soon as it shows. Default: no limit. */
  readonly maxMessageSize?: number
  /**
   * With whom this is: sessions of one `Endpoint` with the same key have the same peer, as the application knows. What has come
   * of a message goes on in the next of them, and what comes twice is known as a duplicate (RFC 4975 §5.4). Default: only
   * sessions on the same local path belong together, and with `connect` those to the same path. To give strangers the same
   * key is to give each what the other has sent.
   */
  readonly resumeKey?: string
  /** The peer's `max-size` from its SDP: a larger body fails with `too-large` before anything is sent. */
  readonly peerMaxMessageSize?: number
  /**
   * Matches To-Path and From-Path by session-id alone, for peers behind a session border controller that rewrites the
   * SDP. Scheme, TLS and the bound connection still count. Default false.
   */
  readonly sessmatch?: boolean
  /**
   * Decides on each message before the response to its first chunk goes out. `firstBytes` are the first body bytes, up
   * to 2048 (all of a shorter message); the message that is read has just these, whatever its sender sends again. They are
   * none when its first chunk to come is not its beginning, unless `containers` have to see that first. What it throws refuses the
   * message with 403.
   */
  readonly onRequest?: (request: RequestFacts, firstBytes: Uint8Array) => Verdict | Promise<Verdict>
  /**
   * Answers NICKNAME requests (RFC 7701 §7): with 425 when the nickname is taken or reserved, 403 when there are none here;
   * what is no nickname gets 424 by itself. An empty one gives up the nickname. It is asked for one at a time;
   * when 16 wait, further ones get 403. Without it they get 501.
   */
  readonly onNickname?: (nickname: string) => Verdict | Promise<Verdict>
  /**
   * When success REPORTs go out: `taken`, when the bytes were handed to the reader or saved; `received`, as soon as they
   * have arrived, and `onRequest` and `containers` let the message in. Default `taken`. A message that is no file, lies in
   * memory whole and waits for 2 s (`limits.spoolAfter`) while the application is busy with those before it is reported then:
   * two sides that each await `delivered` inside their message loop would wait for each other otherwise.
   */
  readonly reportOn?: 'taken' | 'received'
  /** `delivered` fails with `report-timeout` after this long without news, once everything is out. Default 60 000. */
  readonly reportTimeout?: number
  /**
   * Largest chunk sent, in body bytes; not below 2048. With it only so much waits for answers (`limits.unansweredBytes`), which
   * bounds the speed over long ways. Default: 1 MiB without that; chunks also end where others need the line.
   */
  readonly chunkSize?: number
  /**
   * A bodiless SEND goes out when nothing has come from the peer for this long. NATs keep the connection in mind then, and a
   * peer that is gone is noticed: when two of them stay unanswered, after 2 × `keepAlive` + 60 s at most. Default: none.
   */
  readonly keepAlive?: number
  /** The session ends when nothing was sent or received for this long and no message is under way. Default: never. */
  readonly idleTimeout?: number
  /** `close` waits so long for what is still to go out, and as long again for the connection. Default 5 000. */
  readonly closeTimeout?: number
  /** Limits on what a peer can make us hold. */
  readonly limits?: Partial<SessionLimits>
}

/** How much may wait, and where. What a message exceeds of it is refused with 413. */
export interface SessionLimits {
  /** Bytes in memory for one incoming message before it waits for its reader or goes to the spool. Default 1 MiB. */
  readonly window: number
  /** How long a reader may make no progress with a full window before its message goes to the spool. Default 2 000 ms. */
  readonly spoolAfter: number
  /**
   * Bytes in memory for all messages of a session that nobody reads; beyond it they go to the spool. Where they cannot, because
   * that is full or there is none, as in a browser, the connection waits for readers, `spoolAfter` at most while none takes
   * anything; from then on, until one has made room, what does not fit is refused with 413. A message that is being read has
   * its `window`. Default 4 MiB.
   */
  readonly memory: number
  /** Bytes of one session in the spool. Default 1 GiB. */
  readonly spool: number
  /** Messages of one session that have begun and not ended. Default 64. */
  readonly unfinishedMessages: number
  /** Complete messages of one session that nobody has asked for. Default 1024. */
  readonly unreadMessages: number
  /** Chunks of one message that may wait for the decision of `onRequest`. Default 256. */
  readonly undecidedChunks: number
  /**
   * Gaps in what has arrived of one message, which is refused beyond it; and in what REPORTs confirm of one, where a REPORT
   * that would make more is ignored. Default 1024.
   */
  readonly gaps: number
  /**
   * With a chunk size: chunks, and bytes in them, that one outgoing message may have unanswered; then it waits. Default 64
   * and 4 MiB. What is unanswered of a stream is kept in memory, to be sent again in smaller chunks if need be.
   */
  readonly unansweredChunks: number
  readonly unansweredBytes: number
}

/** Whom to connect to and how; what else the session does is in `SessionOptions`. */
export interface ConnectOptions extends SessionOptions {
  /** The peer's path, from its SDP or as it was pasted. */
  readonly path: PathInput
  /** Host and port for the local URI, or the whole URI. Default: a random name under `.invalid`, since nobody dials it. */
  readonly local?: string | { readonly host: string; readonly port: number }
  readonly relay?: RelayOptions
  readonly tls?: TlsOptions
  /** Gives up while connecting, with `aborted`. */
  readonly signal?: AbortSignal
}

/** What a local path is made from, and how its sessions behave. */
export interface PrepareOptions extends SessionOptions {
  readonly local?: string | { readonly host: string; readonly port: number }
  /** Go through a relay: its path is part of `localPath`. */
  readonly relay?: RelayOptions
  /**
   * Accept connections. Sessions of one `Endpoint` with the same host and port (0 included) share a listening socket.
   * Neither this nor `relay`: only for the active side, which opens the connection.
   */
  readonly listen?: ListenOptions
  /**
   * `strict`: only peers named in `complete` get in. `first`: whoever sends first becomes the peer, until its session
   * ends; meanwhile another gets 506. Default `strict`.
   */
  readonly remotePath?: 'strict' | 'first'
  readonly tls?: TlsOptions
  /** Gives up while the path is made, with `aborted`. */
  readonly signal?: AbortSignal
}

/** What is known of the peer once its description is there. What is left out here is as `prepare` was told. */
export interface CompleteOptions {
  /** True: we open the connection and send first, as the side does that made the SDP offer. Default: not when listening. */
  readonly active?: boolean
  /** From the peer's SDP; see `SessionOptions`. */
  readonly peerAcceptTypes?: readonly string[]
  readonly peerAcceptWrappedTypes?: readonly string[]
  readonly peerMaxMessageSize?: number
  readonly peerFingerprint?: string | readonly string[]
  /** Where to connect to instead of the host and port in the peer's path, which a middlebox keeps to itself (RFC 6714). */
  readonly connectTo?: { readonly host: string; readonly port: number }
  /** Who writes to whom; see `SessionOptions`. */
  readonly envelope?: Envelope
  /** Gives up, with `aborted`. */
  readonly signal?: AbortSignal
}

/** How one message goes out. */
export interface SendOptions {
  /** Content-Type. Default: `text/plain;charset=utf-8` for strings, a Blob's own type, else `application/octet-stream`. */
  readonly contentType?: string
  /**
   * Media types of what is inside of the message, where it is a container that was not made here: they have to be among
   * those that the peer takes. Found out by `containers` for text and bytes.
   */
  readonly wrappedTypes?: readonly string[]
  /** The value of Content-Disposition. Default: none; `render`, which means the same, for what may go in several chunks. */
  readonly disposition?: string
  /**
   * Sends it as a file of this name: `Content-Disposition: attachment; filename=…`. Not together with `disposition`, nor with
   * that field in `fields`.
   */
  readonly fileName?: string
  /** Further header fields for every chunk. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** Ask for success REPORTs, which prove that every byte has arrived. Default true. */
  readonly successReport?: boolean
  /** `yes`: each chunk is answered; `partial`: only errors are; `no`: nothing is (RFC 4975 §5.3). Default `yes`. */
  readonly failureReport?: 'yes' | 'partial' | 'no'
  /** Abandons the message: `delivered` rejects with `aborted`, the peer sees `#`. */
  readonly signal?: AbortSignal
  /** Called as bytes go out and are confirmed, at most once per turn of the event loop. */
  readonly onProgress?: (progress: SendProgress) => void
  /** Overrides the session's `chunkSize` for this message. */
  readonly chunkSize?: number
  /** The Message-ID of a message that failed on an earlier session, to send what is left of it (RFC 4975 §5.4). */
  readonly messageId?: string
  /** How many bytes the peer has confirmed on that session: sending begins after them. */
  readonly resumeFrom?: number
}

/** How far a message is. */
export interface SendProgress {
  /** Body bytes handed to the operating system. */
  readonly sent: number
  /** Body bytes confirmed by success REPORTs, or by responses where no REPORTs were asked for. */
  readonly confirmed: number
  /** Size of the message, once it is known. */
  readonly total: number | undefined
}

/** What an `Endpoint` is made with. */
export interface EndpointOptions {
  readonly tls?: TlsOptions
  /** Sees every request and response, credentials masked. What it throws becomes an uncaught error; connections go on. */
  readonly trace?: (event: TraceEvent) => void
  /**
   * How long to keep what arrived of messages whose session broke, so that a later session with the same peer can bring the
   * rest under the same Message-ID; `resumeKey` tells who that is where paths change. Of a message that is being saved, no
   * more than `SessionLimits.window` is kept where there are no temporary files, as in a browser. Default 0: not at all.
   */
  readonly resumeFor?: number
  /**
   * A connection is given up when bytes have waited for so long of which the far side took none, and nothing came from it
   * either: it is dead, or does not read, which looks the same from here. What is taken shows in steps of 128 KiB. In
   * milliseconds, to which a quarter may come. Default: none, since a far side may stop reading for as long as it likes; TCP gives a dead one up after a
   * quarter of an hour.
   */
  readonly stallTimeout?: number
  /** Limits on what can be made to wait. */
  readonly limits?: Partial<EndpointLimits>
}

/**
 * How much of an endpoint strangers may take, and how much it remembers.
 *
 * Memory: a session keeps at most `SessionLimits.memory` of what comes in and nobody reads, and one read of its connection more;
 * a window of each message that is being read, and one of what goes out. A connection without a
 * session keeps a header (16 KiB) and 128 KiB of responses that are not read; then it is not read either. So strangers get at
 * most `unboundConnections` times 0.5 MiB, and as many TLS handshakes (256) may be under way beside them.
 */
export interface EndpointLimits {
  /** Connections that came in and belong to no session yet; more are closed at once. Default 256. */
  readonly unboundConnections: number
  /** How long such a connection may stay. Default 30 000 ms. */
  readonly unboundTimeout: number
  /** Message-IDs of complete messages that are remembered of each peer, to know duplicates (RFC 4975 §5.4). Default 1000. */
  readonly rememberedMessages: number
  /** The same of all peers together; then the one that has sent nothing for longest is forgotten. Default 20 000. */
  readonly rememberedInAll: number
  /** Interrupted messages that are kept (`resumeFor`); of more, those of the peer that has left most behind go. Default 64. */
  readonly interruptedMessages: number
  /** What the header of a request may hold before its connection is closed. */
  readonly parser: Partial<ParserLimits>
}
