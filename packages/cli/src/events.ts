import type { ListedSession, RelayStatus, Settings, TraceLine } from 'msrp-relay'
import type { Mistake } from './failure.ts'

/** What `--json` prints, one object a line; docs/json-events.md describes it and a test holds both together. */
export type Event =
  | ListeningEvent
  | DescriptionEvent
  | OfferedEvent
  | MessageEvent
  | SentEvent
  | ProgressEvent
  | StepEvent
  | UserEvent
  | CredentialsEvent
  | CheckedEvent
  | SettingsEvent
  | StatusEvent
  | SessionEvent
  | KickedEvent
  | TraceEvent
  | ReloadedEvent
  | DrainingEvent
  | DoneEvent
  | ErrorEvent

/** There is a path that the peer can be given. Comes again when the relay replaces it. */
export interface ListeningEvent {
  event: 'listening'
  /** Our path, for the peer's `--to`; from `msrp relay` the relay's URI, for `--relay`. */
  path: string
  /** File with the certificate that the other side has to trust, when it is one of our own: for its `--ca`. */
  ca?: string
  /** Fingerprint of the certificate that is shown there, such as `sha-256 AB:CD:…`: for the other side's `--fingerprint`. */
  fingerprint?: string
}

/** A session description of ours is there, for the other side. */
export interface DescriptionEvent {
  event: 'description'
  kind: 'offer' | 'answer'
  /** Where it was written, an absolute path; null for standard output, where it stands in this event alone. */
  path: string | null
  sdp: string
}

/** The other side offers a file. */
export interface OfferedEvent {
  event: 'offered'
  /** As the other side gave it. */
  name: string | null
  type: string | null
  size: number | null
  /** Lower-case hex. */
  sha256: string | null
  /** Bytes before the first one that is offered. */
  from: number
  /** Bytes that are here from earlier transfers. */
  stored: number
  taken: boolean
}

/** A message from the peer is complete; a file has its final name by then. */
export interface MessageEvent {
  event: 'message'
  messageId: string
  /** Media type, as the sender gave it. */
  type: string
  /** The file name as the sender gave it; null for texts and nameless files. */
  name: string | null
  /** Bytes. */
  size: number
  /** SHA-256 of the body, lower-case hex. */
  sha256: string
  /** Where the file is stored, an absolute path; null for texts. */
  path: string | null
  /** The text; null for files. */
  text: string | null
  /** A message with this `messageId` has come before, on an earlier session: it is most likely the same one. */
  duplicate?: true
  /** Bytes that earlier transfers had brought, when there were any. */
  from?: number
  /** Its hash is the one that its offer announced. */
  verified?: true
}

/** A message was delivered: success REPORTs cover every byte. */
export interface SentEvent {
  event: 'sent'
  messageId: string
  /** What the receiver calls the file; null for texts and nameless files. */
  name: string | null
  /** Bytes. */
  size: number
  /** SHA-256 of the body, lower-case hex: to be compared with what the receiver says. */
  sha256: string
  /** Bytes that earlier transfers had brought, when there were any. */
  from?: number
}

/** How far a file is; at most two a second, and a last one when it is complete. */
export interface ProgressEvent {
  event: 'progress'
  messageId: string
  direction: 'sending' | 'receiving'
  name: string | null
  /** Bytes so far. */
  bytes: number
  /** Size of the file in bytes; null while it is unknown. */
  total: number | null
  /** Over the last few seconds. */
  bytesPerSecond: number
}

/** `msrp probe` has taken a step. */
export interface StepEvent {
  event: 'step'
  name: string
  milliseconds: number
}

/** A user of the relay, from `msrp relay user list`. */
export interface UserEvent {
  event: 'user'
  /** `NAME@DOMAIN`. */
  user: string
  /** ISO 8601, UTC. */
  created: string
}

/** Credentials that a relay takes for a while, from `msrp relay credentials`. */
export interface CredentialsEvent {
  event: 'credentials'
  username: string
  password: string
  /** Until when somebody can log in with them; ISO 8601, UTC. */
  expires: string
}

/** `msrp relay check` found nothing wrong. */
export interface CheckedEvent {
  event: 'checked'
  /** The configuration file, as it was named. */
  file: string
}

/** All settings that hold, from `msrp relay config`. */
export interface SettingsEvent {
  event: 'settings'
  /** As a program gives them: keys in camelCase, secrets masked. */
  settings: Settings
}

/** How a relay is, from `msrp relay status`. */
export interface StatusEvent extends RelayStatus {
  event: 'status'
}

/** A session of a relay, from `msrp relay sessions`. */
export interface SessionEvent extends Omit<ListedSession, 'sent' | 'received'> {
  event: 'session'
  sentMessages: number
  sentChunks: number
  /** Of message bodies. */
  sentBytes: number
  receivedMessages: number
  receivedChunks: number
  receivedBytes: number
}

/** Sessions were ended, from `msrp relay kick`. */
export interface KickedEvent {
  event: 'kicked'
  /** As it was named. */
  target: string
  sessions: number
}

/** A request or response, or the end of one, from `msrp relay trace`. */
export interface TraceEvent extends TraceLine {
  event: 'trace'
}

/** From `msrp relay reload`. */
export interface ReloadedEvent {
  event: 'reloaded'
  /** Keys whose new values wait for the relay's next start. */
  later: readonly string[]
}

/** From `msrp relay drain`. */
export interface DrainingEvent {
  event: 'draining'
}

/** Everything asked for is done; the exit code will be 0. */
export interface DoneEvent {
  event: 'done'
  /** Complete messages: sent, delivered and proven so by `send`, received by `receive`, both by `chat`. */
  messages: number
  /** Bytes of these messages. */
  bytes: number
  /** `probe` only: time of all steps. */
  milliseconds?: number
}

/** Something failed: the program as a whole, or one message if it has a `messageId`. */
export interface ErrorEvent {
  event: 'error'
  code: string
  message: string
  /** Bytes of the message concerned that are proven to have reached the receiver; 0 when nothing was being sent. */
  confirmedBytes: number
  /** The MSRP status behind it, when there was one. */
  status?: number
  /** The file concerned, when it came by an offer. */
  name?: string
  /** Bytes of it that are stored, for the next offer to go on from. */
  storedBytes?: number
  /** Only when a single message failed and the program goes on. */
  messageId?: string
  /** Only when a configuration is wrong: everything that is, in the order of the file. */
  mistakes?: readonly Mistake[]
}
