import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { type Origin, parseAddress, parseOrigin } from './address.ts'
import type { MessageDescription, SdpAttribute } from './api.ts'
import { readLines, type SdpLine, writeLines, wrongLine } from './line.ts'
import { readMessage } from './read-message.ts'

/** More media than any call has. */
export const MOST_MEDIA = 64

/** One m-line and what belongs to it. */
export interface MediaSection {
  /** Place among the m-lines, from 0. */
  readonly index: number
  /** Number of the m-line, from 1. */
  readonly line: number
  /** `audio`, `video`, `message` … */
  readonly media: string
  /** 0 where it is refused or gone. */
  readonly port: number
  /** Such as `RTP/AVP` or `TCP/MSRP`, in upper case. */
  readonly protocol: string
  /** What follows in the m-line. */
  readonly formats: string
  /** Of its c-line, or else of that of the session. */
  readonly address: string | undefined
  readonly attributes: readonly SdpAttribute[]
  /** The section as it came. */
  readonly text: string
}

/**
 * A session description (RFC 8866) of any media. What is not understood is kept, and `toString` gives every byte back. The
 * sections for MSRP are read when they are asked for.
 */
export class SessionDescription {
  /** The sections in their order. */
  readonly media: readonly MediaSection[]
  /** Attributes of the session. */
  readonly attributes: readonly SdpAttribute[]
  /** Everything before the first m-line. */
  readonly head: string
  /** The name or address of the session's c-line. */
  readonly address: string | undefined
  readonly #origin: SdpLine | undefined

  private constructor(head: readonly SdpLine[], sections: readonly (readonly SdpLine[])[]) {
    this.head = writeLines(head)
    this.attributes = attributesOf(head)
    this.address = addressOf(head)
    this.#origin = head.find(({ type }) => type === 'o')
    this.media = sections.map((lines, index) => sectionOf(lines, index, this.address))
  }

  /**
   * Reads a description, or a part of one. Line ends may be CRLF or LF, and the last one may be missing.
   * @throws MsrpError `malformed` naming the line, `limit-exceeded` beyond 256 Ki characters or 64 media
   */
  static parse(text: string): SessionDescription {
    const head: SdpLine[] = []
    const sections: SdpLine[][] = []
    for (const line of readLines(text)) {
      if (line.type === 'm') sections.push([])
      if (sections.length > MOST_MEDIA) {
        throw new MsrpError('limit-exceeded', `line ${line.number}: at most ${MOST_MEDIA} m-lines are read`)
      }
      const place = sections.at(-1) ?? head
      place.push(line)
    }
    return new SessionDescription(head, sections)
  }

  /** The o-line. @throws MsrpError `malformed` when it is missing or has not its six fields */
  get origin(): Origin {
    if (this.#origin === undefined) throw new MsrpError('malformed', 'The session description has no o-line')
    try {
      return parseOrigin(this.#origin.value)
    } catch (cause) {
      throw new MsrpError('malformed', `line ${this.#origin.number}: ${(cause as Error).message}`, { cause })
    }
  }

  /** The sections for MSRP, read. @throws MsrpError `malformed` naming line and attribute */
  get messages(): readonly MessageDescription[] {
    return this.media.filter(isMessage).map((section) => readMessage(section, this.attributes))
  }

  /** One section for MSRP, by its place among all m-lines; undefined when it is something else. @throws as `messages` */
  message(index: number): MessageDescription | undefined {
    const section = this.media[index]
    return section !== undefined && isMessage(section) ? readMessage(section, this.attributes) : undefined
  }

  /** The description as it came, byte for byte. */
  toString(): string {
    return this.head + this.media.map(({ text }) => text).join('')
  }
}

/** Whether it is `m=message` with TCP/MSRP or TCP/TLS/MSRP (RFC 4975 §8.1). */
export function isMessage({ media, protocol }: MediaSection): boolean {
  return media === 'message' && (protocol === 'TCP/MSRP' || protocol === 'TCP/TLS/MSRP')
}

function sectionOf(lines: readonly SdpLine[], index: number, address: string | undefined): MediaSection {
  const [first] = lines
  if (first === undefined) throw new MsrpError('internal', 'A section without m-line')
  // Behind a slash stands a number of ports, which MSRP does not have.
  const match = /^(\S+)[ \t]+(\d{1,5})(?:\/\d+)?[ \t]+(\S+)(?:[ \t]+(.*))?$/.exec(first.value)
  const [, media = '', port = '', protocol = '', formats = ''] = match ?? []
  if (match === null || Number(port) > 65535) {
    throw wrongLine(first.number, 'm=', `${shown(first.value)} is not such as "message 2855 TCP/MSRP *"`)
  }
  return {
    index,
    line: first.number,
    media: media.toLowerCase(),
    port: Number(port),
    protocol: protocol.toUpperCase(),
    formats: formats.trim(),
    address: addressOf(lines) ?? address,
    attributes: attributesOf(lines),
    text: writeLines(lines),
  }
}

function attributesOf(lines: readonly SdpLine[]): SdpAttribute[] {
  return lines
    .filter(({ type }) => type === 'a')
    .map(({ value, number }) => {
      const colon = value.indexOf(':')
      return {
        name: (colon === -1 ? value : value.slice(0, colon)).trim(),
        value: colon === -1 ? undefined : value.slice(colon + 1),
        line: number,
      }
    })
}

function addressOf(lines: readonly SdpLine[]): string | undefined {
  const line = lines.find(({ type }) => type === 'c')
  return line === undefined ? undefined : parseAddress(line.value)
}
