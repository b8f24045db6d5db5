import { comparableUri } from '../cpim/comparable-uri.ts'
import type { CpimAddressInput, CpimHead, CpimParts } from '../cpim/index.ts'
import { wrapped } from '../cpim/wrapped.ts'
import type { OutgoingMessage, Session } from '../session/api.ts'
import type { MessageBody } from '../session/body.ts'
import type { SendOptions } from '../session/options.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { useNickname } from './nickname.ts'

/** A chat room that a session leads to. */
export interface ChatRoomOptions {
  /** The room's URI, which messages to everybody are written to. */
  readonly uri: string
  /** By which address the room knows us; an anonymous URI that it has given out hides who we are. */
  readonly self: CpimAddressInput
  /**
   * What the room's description says in `a=chatroom`, token by token: `nickname`, `private-messages` and others. Undefined
   * when it has no such attribute; then there are neither.
   */
  readonly capabilities?: readonly string[] | undefined
}

/** How to send one message. */
export interface RoomSendOptions extends Omit<SendOptions, 'disposition' | 'fileName'> {
  /** Anything else of the envelope: dateTime, subject, further headers. `askForImdn` of `msrp/imdn` adds to it. */
  readonly cpim?: Partial<Omit<CpimParts, 'from' | 'to' | 'contentType'>>
}

/** Taking part in a chat room (RFC 7701): messages to all or to one, and a nickname. `Receipts` of `msrp/imdn` take it as a session. */
export class ChatRoom {
  readonly session: Session
  readonly uri: string
  /** By which address the room knows us. */
  readonly self: CpimAddressInput
  readonly #capabilities: ReadonlySet<string>

  constructor(session: Session, { uri, self, capabilities = [] }: ChatRoomOptions) {
    this.session = session
    this.uri = uri
    this.self = self
    this.#capabilities = new Set(capabilities)
  }

  /** Whether the room gives out nicknames. */
  get hasNicknames(): boolean {
    // The text of RFC 7701 says `nicknames` where its grammar has `nickname`.
    return this.#capabilities.has('nickname') || this.#capabilities.has('nicknames')
  }

  /** Whether one participant can write to another alone. */
  get hasPrivateMessages(): boolean {
    return this.#capabilities.has('private-messages')
  }

  /** Whether a message to this URI goes there and to nobody else: to the room, or where it has private messages to anyone. */
  reaches(uri: string): boolean {
    return this.hasPrivateMessages || this.#isRoom(uri)
  }

  /** Sends a message to everybody in the room. @throws MsrpError `invalid-argument` */
  send(body: MessageBody, options: RoomSendOptions = {}): OutgoingMessage {
    return this.#send(this.uri, body, options)
  }

  /**
   * Sends a message to one participant alone, by the URI in From of what that one writes, or of the room's roster. Its
   * `delivered` rejects with `refused`: status 404 when nobody of that URI is here, 428 when that one takes no private
   * messages, 403 when we may not.
   * @throws MsrpError `invalid-argument`, also where the room does not say that it has private messages: it would hand the
   *   message to everybody (RFC 7701 §8)
   */
  sendPrivate(to: CpimAddressInput, body: MessageBody, options: RoomSendOptions = {}): OutgoingMessage {
    if (!this.hasPrivateMessages) {
      throw new MsrpError('invalid-argument', `The chat room ${shown(this.uri)} has no private messages`)
    }
    return this.#send(to, body, options)
  }

  /** `useNickname` on this room's session. @throws MsrpError `refused` when the room says that it has none, too */
  async useNickname(nickname: string): Promise<void> {
    if (!this.hasNicknames) {
      throw new MsrpError('refused', `The chat room ${shown(this.uri)} has no nicknames`)
    }
    await useNickname(this.session, nickname)
  }

  /** Whether a message that came was for us alone (RFC 7701 §6.1): it is not written to the room. `head.from` says by whom. */
  isPrivate(head: CpimHead): boolean {
    return !head.to.some(({ uri }) => this.#isRoom(uri))
  }

  #isRoom(uri: string): boolean {
    return comparableUri(uri) === comparableUri(this.uri)
  }

  #send(
    to: CpimAddressInput,
    body: MessageBody,
    { cpim = {}, contentType, ...options }: RoomSendOptions,
  ): OutgoingMessage {
    const parts = { ...cpim, from: this.self, to, ...(contentType === undefined ? {} : { contentType }) }
    const sending = wrapped(parts, body, options)
    return this.session.send(sending.body, sending.options)
  }
}
