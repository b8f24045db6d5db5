import { concatenate, MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** Undoes a Content-Transfer-Encoding (RFC 2045 §6) in bytes as they arrive. */
export interface TransferDecoder {
  push(bytes: Uint8Array): Uint8Array
  /** Nothing more comes. @throws MsrpError `malformed` when something is missing */
  end(): Uint8Array
}

/**
 * The decoder for the value of a Content-Transfer-Encoding; undefined where content is as it is. Nobody should encode
 * anything for MSRP (RFC 4975 §14.3), and what comes from e-mail may be encoded all the same.
 * @throws MsrpError `not-understood`
 */
export function transferDecoder(encoding: string | undefined): TransferDecoder | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return undefined
    case 'base64':
      return new Base64Decoder()
    case 'quoted-printable':
      return new QuotedPrintableDecoder()
    default:
      throw new MsrpError('not-understood', `The transfer encoding ${shown(encoding ?? '')} is not known here`)
  }
}

/** The same for what is there as a whole. @throws MsrpError `not-understood`, `malformed` */
export function decodeTransfer(bytes: Uint8Array, encoding: string | undefined): Uint8Array {
  const decoder = transferDecoder(encoding)
  if (decoder === undefined) return bytes
  return concatenate([decoder.push(bytes), decoder.end()])
}

const NONE = 64
const SEXTETS = new Uint8Array(256).fill(NONE)
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  SEXTETS[letter.charCodeAt(0)] = value
}

const EQUALS = 0x3d
const LF = 0x0a
const CR = 0x0d
const TAB = 0x09
const SPACE = 0x20

/** RFC 2045 §6.8: characters outside of the alphabet are passed over, line ends among them. */
class Base64Decoder implements TransferDecoder {
  #bits = 0
  #sextets = 0

  push(bytes: Uint8Array): Uint8Array {
    const decoded = new Uint8Array(Math.ceil((bytes.length + this.#sextets) * 0.75) + 3)
    let length = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (byte === EQUALS) {
        length = this.#finish(decoded, length)
        continue
      }
      const sextet = SEXTETS[byte] ?? NONE
      if (sextet === NONE) continue
      this.#bits = (this.#bits << 6) | sextet
      if (++this.#sextets < 4) continue
      decoded[length++] = this.#bits >> 16
      decoded[length++] = this.#bits >> 8
      decoded[length++] = this.#bits
      this.#bits = 0
      this.#sextets = 0
    }
    return decoded.subarray(0, length)
  }

  end(): Uint8Array {
    const decoded = new Uint8Array(2)
    return decoded.subarray(0, this.#finish(decoded, 0))
  }

  /** Writes what a group of fewer than four characters holds. */
  #finish(decoded: Uint8Array, from: number): number {
    if (this.#sextets === 1) throw new MsrpError('malformed', 'The base64 of the content ends in the middle of a byte')
    let length = from
    if (this.#sextets > 1) decoded[length++] = this.#bits >> (this.#sextets === 2 ? 4 : 10)
    if (this.#sextets > 2) decoded[length++] = this.#bits >> 2
    this.#bits = 0
    this.#sextets = 0
    return length
  }
}

/** RFC 2045 §6.7; an equals sign that introduces nothing stands for itself. */
class QuotedPrintableDecoder implements TransferDecoder {
  #state: 'text' | 'equals' | 'digit' | 'line end' = 'text'
  #digit = 0

  push(bytes: Uint8Array): Uint8Array {
    const decoded = new Uint8Array(bytes.length + 2)
    let length = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      switch (this.#state) {
        case 'text':
          if (byte === EQUALS) this.#state = 'equals'
          else decoded[length++] = byte
          break
        case 'equals':
          if (hexDigit(byte) !== undefined) {
            this.#digit = byte
            this.#state = 'digit'
          } else if (byte === LF) {
            this.#state = 'text'
          } else if (byte === CR || byte === SPACE || byte === TAB) {
            this.#state = 'line end'
          } else {
            decoded[length++] = EQUALS
            this.#state = 'text'
            at--
          }
          break
        case 'digit': {
          const low = hexDigit(byte)
          this.#state = 'text'
          if (low === undefined) {
            decoded[length++] = EQUALS
            decoded[length++] = this.#digit
            at--
          } else {
            decoded[length++] = 16 * (hexDigit(this.#digit) ?? 0) + low
          }
          break
        }
        // A soft line break, with blanks that something on the way has added.
        case 'line end':
          if (byte === CR || byte === SPACE || byte === TAB) break
          this.#state = 'text'
          if (byte !== LF) at--
          break
        default:
          this.#state satisfies never
      }
    }
    return decoded.subarray(0, length)
  }

  end(): Uint8Array {
    return this.#state === 'digit' ? Uint8Array.of(EQUALS, this.#digit) : new Uint8Array()
  }
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
}
