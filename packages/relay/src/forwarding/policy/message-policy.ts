import type { MediaType, RequestHead } from 'msrp/wire'
import type { Refusal } from './refusal.ts'

/** Which messages are passed on. */
export interface MessageSettings {
  /** Media types such as `text/plain`, `image/*`; empty: all. */
  readonly contentTypes: readonly string[]
  /** Bytes of a whole message; 0: any number. */
  readonly maximumSize: number
  /**
   * Whether messages have to be S/MIME by their own type: `signed` as RFC 4976 §9.4 has it, by a detached signature;
   * `protected` in any way, signed or encrypted.
   */
  readonly smime: 'optional' | 'signed' | 'protected'
}

/** Kinds of application/pkcs7-mime that are signed or encrypted (RFC 8551 §3.2.2); the others are merely wrapped. */
const PROTECTING = new Set(['signed-data', 'enveloped-data', 'authenveloped-data'])

/**
 * Which messages the relay passes on. It looks at each chunk by itself, since each has the Content-Type of its message
 * (RFC 4975 §7.1): one that claims another type than the first gets no further. What is wrapped in message/cpim or
 * multipart it does not see.
 */
export class MessagePolicy {
  readonly #types: ReadonlySet<string>
  readonly #smime: MessageSettings['smime']
  /** Bytes of a whole message. */
  readonly maximumSize: number

  constructor({ contentTypes, maximumSize, smime }: MessageSettings) {
    this.#types = new Set(
      contentTypes.map((type) => type.toLowerCase()).filter((type) => type !== '*/*' && type !== '*'),
    )
    if (this.#types.size < contentTypes.length) this.#types = new Set()
    this.#smime = smime
    this.maximumSize = maximumSize === 0 ? Number.POSITIVE_INFINITY : maximumSize
  }

  /** Why a request goes no further: undefined when it does. Its head has been found without flaw. */
  refusal(head: RequestHead): Refusal | undefined {
    return (head.hasBody ? this.#typeRefusal(head) : undefined) ?? this.#sizeRefusal(head)
  }

  /** The refusal of a message that turned out to be larger than it may be. */
  get tooLarge(): Refusal {
    const comment = `this relay passes on messages of at most ${this.maximumSize} bytes`
    return { status: 413, comment, counter: 'size' }
  }

  #typeRefusal({ fields }: RequestHead): Refusal | undefined {
    const media = fields.mediaType
    const type = media?.type ?? ''
    const counter = 'content_type'
    if (this.#smime !== 'optional' && !(media !== undefined && isProtected(media, this.#smime))) {
      const wanted = this.#smime === 'signed' ? 'S/MIME multipart/signed' : 'S/MIME, signed or encrypted'
      return { status: 415, comment: `this relay passes on only ${wanted}, not ${type}`, counter }
    }
    if (this.#types.size === 0 || this.#types.has(type) || this.#types.has(`${type.split('/', 1)[0]}/*`))
      return undefined
    return { status: 415, comment: `this relay does not pass on ${type}`, counter }
  }

  /** The size of a message is where its last byte stands, so nothing has to be remembered of chunks that came before. */
  #sizeRefusal({ method, fields }: RequestHead): Refusal | undefined {
    if (method !== 'SEND') return undefined
    const range = fields.byteRange
    if (range === undefined) return undefined
    const last = Math.max(range.start - 1, range.end ?? 0, range.total ?? 0)
    return last > this.maximumSize ? this.tooLarge : undefined
  }
}

function isProtected({ type, parameters }: MediaType, smime: 'signed' | 'protected'): boolean {
  if (type === 'multipart/signed') {
    // PGP has the same type with another protocol (RFC 3156).
    const protocol = parameters.get('protocol')?.toLowerCase()
    return protocol === 'application/pkcs7-signature' || protocol === 'application/x-pkcs7-signature'
  }
  if (smime === 'signed' || (type !== 'application/pkcs7-mime' && type !== 'application/x-pkcs7-mime')) return false
  const kind = parameters.get('smime-type')?.toLowerCase()
  return kind === undefined || PROTECTING.has(kind)
}
