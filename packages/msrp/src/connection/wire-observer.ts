import type { ContinuationFlag } from '../wire/index.ts'

/** Watches what passes on a connection, in both directions; it costs nothing while none is attached. */
export interface WireObserver {
  /**
   * A start-line and header fields, as text, one line each, without the end-line. It shows credentials as they are: what
   * is kept or displayed has to be masked with `maskCredentials`.
   */
  head(direction: 'in' | 'out', text: string): void
  /** An end of a request or response, with the body bytes it carried. */
  end(direction: 'in' | 'out', transactionId: string, flag: ContinuationFlag, bodyBytes: number): void
}

/** Shows a response, or a request other than SEND: they go out whole. */
export function observeWhole(observer: WireObserver, direction: 'in' | 'out', bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes)
  const [, transactionId = ''] = text.split(' ', 2)
  const endLine = text.lastIndexOf('\r\n-------')
  const blankLine = text.indexOf('\r\n\r\n')
  const body = blankLine === -1 ? '' : text.slice(blankLine + 4, endLine)
  observer.head(direction, text.slice(0, (blankLine === -1 ? endLine : blankLine) + 2))
  observer.end(direction, transactionId, '$', new TextEncoder().encode(body).length)
}
