import { MsrpError, type RandomBytes } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { formatAddress, formatOrigin, type Origin } from './address.ts'
import type { NegotiationOptions } from './api.ts'
import { isMessage, SessionDescription } from './session-description.ts'

/** What of a description is around our sections: the lines of the session, and the other media in their order. */
export interface Surroundings {
  readonly head: string
  readonly others: readonly string[]
}

/** Reads what the application gives to be put around. @throws MsrpError `invalid-argument` */
export function surroundings(text: string): Surroundings {
  try {
    const { head, media, origin } = SessionDescription.parse(text)
    const ours = media.find((section) => isMessage(section))
    if (ours !== undefined) throw new MsrpError('malformed', `line ${ours.line}: sections for MSRP are made here`)
    return origin && { head, others: media.map((section) => section.text) }
  } catch (cause) {
    if (!(cause instanceof MsrpError)) throw cause
    throw new MsrpError('invalid-argument', `around: ${cause.message}`, { cause })
  }
}

/** A description without some of its sections, for those who look after the others. */
export function without(description: SessionDescription, left: (index: number) => boolean): string {
  return description.head + description.media.flatMap(({ text, index }) => (left(index) ? [] : [text])).join('')
}

/**
 * Puts descriptions together and counts their versions: what changes nothing has the same o-line as the one before (RFC 4975
 * §8.4), and any other one a version that is one higher (RFC 3264 §8). All else in the o-line stays what it was first.
 */
export class Framing {
  readonly #options: NegotiationOptions
  readonly #random: RandomBytes
  #head: string | undefined
  #host = 'localhost.invalid'
  #origin: Origin | undefined
  #last: string | undefined

  constructor(options: NegotiationOptions, random: RandomBytes) {
    this.#options = options
    this.#random = random
  }

  /** Of another dialog that begins with the same offer. */
  fork(): Framing {
    const copy = new Framing(this.#options, this.#random)
    copy.#head = this.#head
    copy.#host = this.#host
    copy.#origin = this.#origin
    copy.#last = this.#last
    return copy
  }

  /**
   * A whole description. Each section is a text as it came or lines of our own.
   * @param head the lines of the session; those of the one before, if there are none
   * @param host for c- and o-line, where no surroundings have them; that of the one before, if there is none
   */
  compose(
    sections: readonly (string | readonly string[])[],
    { head = this.#head, host = this.#host }: { head?: string | undefined; host?: string | undefined } = {},
  ): string {
    this.#head = head
    this.#host = host
    const end =
      (head ?? sections.find((section) => typeof section === 'string'))?.includes('\r\n') === false ? '\n' : '\r\n'
    const around = head ?? this.#ownHead(host, end)
    const address = SessionDescription.parse(around).address
    const parts = [around, ...sections.map((section) => this.#section(section, address, end))]
    // What was last in its own description may lack the end of its last line.
    const body = parts
      .map((part, index) => (index < parts.length - 1 && part !== '' && !part.endsWith('\n') ? part + end : part))
      .join('')
    return this.#numbered(body)
  }

  /** Our own lines: a c-line that says what the session's says already is left out. */
  #section(section: string | readonly string[], address: string | undefined, end: string): string {
    if (typeof section === 'string') return section
    const same = address === undefined ? '' : `c=${formatAddress(address)}`
    return section
      .filter((line) => line !== same)
      .map((line) => line + end)
      .join('')
  }

  #ownHead(host: string, end: string): string {
    const { username = '-', sessionName = '-' } = this.#options
    for (const [name, text] of [
      ['username', username],
      ['sessionName', sessionName],
    ] as const) {
      if (text === '' || /[\r\n\0]/.test(text) || (name === 'username' && /\s/.test(text))) {
        throw new MsrpError('invalid-argument', `${name}: ${shown(text)} cannot stand in a session description`)
      }
    }
    this.#origin ??= { username, sessionId: this.#sessionId(), version: '1', address: formatAddress(host) }
    const lines = ['v=0', `o=${formatOrigin(this.#origin)}`, `s=${sessionName}`, `c=${formatAddress(host)}`, 't=0 0']
    return lines.map((line) => line + end).join('')
  }

  /** 48 random bits: a number that every program can hold. */
  #sessionId(): string {
    return String(this.#random(6).reduce((sum, byte) => sum * 256 + byte, 0))
  }

  #numbered(text: string): string {
    const found = /^o=(.*?)\r?$/m.exec(text)
    const written = SessionDescription.parse(text).origin
    const first = this.#origin === undefined
    this.#origin ??= written
    const line = found?.[1] ?? ''
    const at = found?.index ?? 0
    const body = `${text.slice(0, at)}${text.slice(at + 2 + line.length)}`
    if (!first && this.#last !== undefined && body !== this.#last) {
      this.#origin = { ...this.#origin, version: String(BigInt(this.#origin.version) + 1n) }
    }
    this.#last = body
    // The very first one stays as it is written, byte for byte.
    const origin = first ? line : formatOrigin(this.#origin)
    return `${text.slice(0, at)}o=${origin}${text.slice(at + 2 + line.length)}`
  }
}
