import type { ContinuationFlag, Head } from '../wire/index.ts'

/** Is shown what passes on a connection, as it lies in memory; it costs nothing while none is attached. */
export interface WireObserver {
  /** A head that came in. */
  received(head: Head): void
  /** The head of a chunk that goes out, with its blank line when a body follows. Lent. */
  begun(head: Uint8Array): void
  /** An end of what came in or of such a chunk, with the body bytes it carried. */
  end(direction: 'in' | 'out', transactionId: string, flag: ContinuationFlag, bodyBytes: number): void
  /** A response, or a request other than SEND, that goes out: they do so whole. Lent. */
  sent(bytes: Uint8Array): void
}

/** The same as text, for people. */
export interface WireReader {
  /**
   * A start-line and header fields, one line each, without the end-line. It shows credentials as they are: what is kept or
   * displayed has to be masked with `maskCredentials`.
   */
  head(direction: 'in' | 'out', text: string): void
  end: WireObserver['end']
}

/** Has what passes read as text. */
export function observeText(reader: WireReader): WireObserver {
  return {
    received: (head) => {
      const rest = head.kind === 'request' ? head.method : `${head.status} ${head.comment}`.trimEnd()
      reader.head('in', `MSRP ${head.transactionId} ${rest}\r\n${new TextDecoder().decode(head.fields.bytes)}`)
    },
    begun: (head) => reader.head('out', new TextDecoder().decode(head).replace(/\r\n\r\n$/, '\r\n')),
    end: (...end) => reader.end(...end),
    sent: (bytes) => {
      const text = new TextDecoder().decode(bytes)
      const [, transactionId = ''] = text.split(' ', 2)
      const endLine = text.lastIndexOf('\r\n-------')
      const blankLine = text.indexOf('\r\n\r\n')
      const body = blankLine === -1 ? '' : text.slice(blankLine + 4, endLine)
      reader.head('out', text.slice(0, (blankLine === -1 ? endLine : blankLine) + 2))
      reader.end('out', transactionId, '$', new TextEncoder().encode(body).length)
    },
  }
}
