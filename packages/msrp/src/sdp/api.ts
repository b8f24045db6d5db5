import type { Clock } from '../connection/index.ts'
import type { PreparedSession, Session } from '../session/api.ts'
import type { PrepareOptions } from '../session/options.ts'
import type { MsrpError, MsrpUri, RandomBytes } from '../wire/index.ts'

/** Who sends messages, as the one says it who wrote the description (RFC 4975 §8.9). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Who opens the connection (RFC 4145 §4, RFC 6135). `holdconn` is read as if it were not there. */
export type Setup = 'active' | 'passive' | 'actpass'

/** A line `a=name` or `a=name:value`. */
export interface SdpAttribute {
  readonly name: string
  /** What stands behind the colon, as it is; undefined without colon. */
  readonly value: string | undefined
  /** Number of the line in the description, from 1. */
  readonly line: number
}

/** An attribute to be written: its name, and the value if it has one. */
export type AttributeInput = readonly [name: string, value?: string]

/** What a section `m=message` with TCP/MSRP or TCP/TLS/MSRP says (RFC 4975 §8). */
export interface MessageDescription {
  /** Place among the m-lines of the description, from 0. */
  readonly index: number
  /** Number of the m-line, from 1. */
  readonly line: number
  /** As in the m-line; 0 where the medium is refused or gone. */
  readonly port: number
  /** Whether the m-line says TCP/TLS/MSRP. */
  readonly secure: boolean
  /** Of the c-line of the medium, or else of the session: a name or an address, IPv6 without brackets. */
  readonly address: string | undefined
  /** The leftmost is visited first. Empty only where the port is 0. */
  readonly path: readonly MsrpUri[]
  /** In the order in which they are preferred, with parameters; empty only where the port is 0. */
  readonly acceptTypes: readonly string[]
  /** Types that are taken inside of containers only. */
  readonly acceptWrappedTypes: readonly string[]
  /** Bytes. */
  readonly maxSize: number | undefined
  /** Of the medium, or else of the session. Default `sendrecv`. */
  readonly direction: Direction
  readonly setup: Setup | undefined
  /** Whether there is `a=msrp-cema` (RFC 6714). */
  readonly cema: boolean
  /** Of the medium, or else of the session: `sha-256 AB:CD:…`, in any hash function. */
  readonly fingerprints: readonly string[]
  /** What `a=chatroom` lists (RFC 7701 §8), empty without tokens; undefined without the attribute. */
  readonly chatroom: readonly string[] | undefined
  /** Every attribute of the section, in order. */
  readonly attributes: readonly SdpAttribute[]
  /** The value of the first attribute of this name: '' without value, undefined when there is none. */
  attribute(name: string): string | undefined
}

/** What there is to be one medium: what goes into its section, and how its sessions behave. */
export interface MediaWishes
  extends Omit<
    PrepareOptions,
    'remotePath' | 'signal' | 'peerAcceptTypes' | 'peerAcceptWrappedTypes' | 'peerMaxMessageSize' | 'peerFingerprint'
  > {
  /** Default `sendrecv`. */
  readonly direction?: Direction
  /**
   * `accept-wrapped-types`: what is taken inside of containers besides `acceptTypes`, which are listed there as well since some
   * peers (Blink) put nothing else into envelopes. Other types are refused as far as `containers` show them; without `containers` the list tells the peer, and nothing is checked.
   */
  readonly acceptWrappedTypes?: readonly string[]
  /**
   * Tokens of `a=chatroom` (RFC 7701 §8), such as `nickname` and `private-messages`; `[]` writes it without any. Beside it,
   * `acceptTypes` of message/cpim alone are written as they are (RFC 7701 §5.2).
   */
  readonly chatroom?: readonly string[]
  /**
   * Understand `a=msrp-cema` (RFC 6714), for networks whose middleboxes anchor media by rewriting c- and m-line: then an
   * offer without it whose c- and m-line do not fit its path is refused. Default false.
   */
  readonly cema?: boolean
  /**
   * `active`: we open the connection although we listen, for machines behind a NAT; without effect with a relay. Default:
   * whatever fits, by RFC 6135: with a listening socket or a relay peers may come.
   */
  readonly setup?: 'active'
  /**
   * True: TLS or nothing, and what would be a connection without it is `not-acceptable`; with `listen` it needs `listen.tls`.
   * False: an offer without TLS is answered without, whatever there is here, since an answer has the transport of its offer
   * (RFC 3264 §6.1). Default: true where our own offer would have TLS, which `listen.tls`, and `tls` where we only connect,
   * bring with them. Through our relay without effect: its URI says it.
   */
  readonly secure?: boolean
  /** Further attribute lines, behind ours, such as `['file-selector', 'name:"a.txt"']`. */
  readonly attributes?: readonly AttributeInput[]
  /** The line `i=`. */
  readonly information?: string
}

/** What can be changed of a medium that stands: it goes into the next description. */
export type MediaChanges = Pick<MediaWishes, 'direction' | 'chatroom' | 'attributes' | 'information'>

/**
 * One m-line of ours, from the first offer to the end. It keeps its place; when it is over, its port is 0, until another one
 * takes the place.
 */
export interface Medium {
  /** Place among the m-lines; undefined until it has been in a description. */
  readonly index: number | undefined
  readonly state: 'new' | 'offered' | 'agreed' | 'over'
  readonly wishes: MediaWishes
  /** What we said last. */
  readonly local: MessageDescription | undefined
  /** What the peer said last. */
  readonly remote: MessageDescription | undefined
  /** What we may do now: both descriptions taken together, from our side. */
  readonly direction: Direction
  /**
   * The session of this m-line, once it is open. Another promise takes its place when another session does: after an exchange
   * in which one of the paths has changed. It rejects with an MsrpError when the medium is refused (`not-acceptable`), does
   * not come about, or is over before; one that nobody looks at does not end the process.
   */
  readonly session: Promise<Session>
  /** Changes what the next description says of it. @throws MsrpError `invalid-argument` naming what cannot be changed so */
  change(changes: MediaChanges): void
  /**
   * The next description has it with port 0, and with these attributes. Its session ends once that is agreed; close it
   * yourself to end it at once.
   */
  remove(attributes?: readonly AttributeInput[]): void
  /** Calls it with each session of this m-line that opens from now on. Returns what ends that. */
  onSession(listener: (session: Session) => void): () => void
  /**
   * Calls it whenever the peer has said something of it, the first time or again; also that it is over (port 0). `session` is
   * that of the new description by then. Returns what ends that.
   */
  onRemote(listener: (remote: MessageDescription) => void): () => void
  /**
   * Calls it with the same m-line in another dialog, when `fork` makes one of the offer that this is in. Returns what ends that.
   */
  onFork(listener: (fork: Medium) => void): () => void
  /** Calls it when the medium is over, with the reason, whoever has ended it. Returns what ends that. */
  onOver(listener: (reason: MsrpError) => void): () => void
}

/** An m-line that the peer offers. */
export interface OfferedMedium {
  readonly description: MessageDescription
  /** The one that this m-line was till now; undefined for a new one. */
  readonly medium: Medium | undefined
  /**
   * Fires when there will be no answer: `answer` was given up or has failed, or the negotiation was closed. A decision then comes
   * too late, so end what was begun for it, such as a question to the user. Never after the answer is out.
   */
  readonly signal: AbortSignal
}

/**
 * What becomes of an offered m-line. `undefined`: what would become of it anyway, which is the next of the negotiation's own
 * wishes, or no change of what stands.
 */
export type MediumDecision =
  | {
      /** For a new m-line: the medium that it becomes. For one that stands: a new medium takes its place, on another path. */
      readonly take: MediaWishes
      /** Called before the answer is written, with the medium that has been made. */
      readonly onTaken?: (medium: Medium) => void
    }
  | {
      /** For one that stands: what is to change of it in the answer. */
      readonly change: MediaChanges
    }
  | {
      /** Why, for the error when nothing of the offer was taken. The answer has port 0, and these attributes. */
      readonly refuse: string
      readonly attributes?: readonly AttributeInput[]
    }
  | undefined

/** Why a new offer should go out; at once where the old state of things comes to its end. */
export type OfferReason =
  /** A relay handed out another path; the old one lives so many milliseconds. RFC 4976 §9.4. */
  | { readonly reason: 'path-changed'; readonly medium: Medium; readonly oldExpiresIn: number }
  /** The answer shows a middlebox that needs an offer without `msrp-cema` (RFC 6714 §4.2); `offer()` now makes one. */
  | { readonly reason: 'cema-fallback'; readonly medium: Medium }

/** What a negotiation needs of an endpoint: that of `msrp` and that of `msrp/browser` have it. */
export interface Preparing {
  prepare(options: PrepareOptions): Promise<PreparedSession>
}

/** What those who bring a kind of medium with them, such as files, need of a negotiation. */
export interface MediaNegotiation {
  /** Ours, in the order of their m-lines; those that are over are among them until others take their m-lines. */
  readonly media: readonly Medium[]
  /** One more medium for the next offer. @throws MsrpError `invalid-argument` naming the wish, `limit-exceeded` */
  add(wishes: MediaWishes): Medium
}

/** What goes around the media, and how a negotiation decides. */
export interface NegotiationOptions {
  /** First field of the o-line. Default `-`. */
  readonly username?: string
  /** The s-line. Default `-`. */
  readonly sessionName?: string
  /**
   * Decides on each m-line `m=message` in an offer, new or known. Without it, those are taken for which there are wishes, in
   * order, files (RFC 5547) excepted, which are refused.
   */
  readonly onMedium?: (offered: OfferedMedium) => MediumDecision | Promise<MediumDecision>
  /** A new offer is due. The other side may find the same at the same time: `reoffer` makes it so that both come through. */
  readonly onOfferDue?: (due: OfferReason) => void
  /**
   * Addresses of a name, to compare c-line and path (RFC 6714 §4.4). Without it a name and an address are taken to fit.
   * Node: `async (name) => (await lookup(name, { all: true })).map(({ address }) => address)`
   */
  readonly lookup?: (name: string) => Promise<readonly string[]>
  /**
   * How long our side, when it has answered and connects, tries again while the offerer answers 481, because it has not read
   * the answer yet: longer where people carry it. Milliseconds. Default 6 300.
   */
  readonly patience?: number
  /** Gives up what is being prepared and connected, with `aborted`. */
  readonly signal?: AbortSignal
  readonly random?: RandomBytes
  readonly clock?: Clock
}

/** How an offer is made, and what surrounds our media in it. */
export interface OfferOptions {
  /**
   * A description with everything else: session lines and other media (audio …), which go out as they are, byte for byte;
   * ours come behind them, or stay where they were. Keeps its m-lines in their order from one offer to the next. The version
   * in its o-line is ours to count.
   */
  readonly around?: string
  /** Gives up, with `aborted`: as when the user does. */
  readonly signal?: AbortSignal
}

/** How an answer is taken. */
export interface AcceptOptions {
  /**
   * Gives up, with `aborted`, what is not open yet, as with `AbortSignal.timeout(10_000)`: a peer that has answered may never
   * come. That holds for the other media, too, after `accept` has resolved with the session of the first. Without it, and without
   * the negotiation's own, `accept` waits until the negotiation is closed.
   */
  readonly signal?: AbortSignal
}

/** How an offer is answered, and what surrounds our media in the answer. */
export interface AnswerOptions {
  /**
   * Answers everything else: gets the offer without our m-lines, gives an answer to that. Without it all other media are
   * refused.
   */
  readonly around?: (offer: string) => string | Promise<string>
  /**
   * Where we are to connect, we wait for this: that the peer has our answer (SIP: the ACK). Without it we connect at once, and
   * again for some seconds when the peer does not know the session yet; behind a relay nobody may tell us that.
   */
  readonly connectAfter?: Promise<unknown>
  /**
   * Gives up, with `aborted`, until the answer is there, such as when the offer is taken back while `onMedium` still asks the user
   * (SIP: CANCEL). For the sessions that begin then `Negotiation.session` is to be looked at, and `close` ends them.
   */
  readonly signal?: AbortSignal
}
