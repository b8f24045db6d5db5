import type { FingerprintHash, MsrpError } from '../wire/index.ts'

/**
 * A connected, reliable, ordered byte channel: TCP, TLS, WebSocket or a pair in memory. It is the seam between the
 * protocol's state, which never sees a socket, and the platform's input and output.
 */
export interface Transport {
  /** For logs and errors: protocol and far address, such as `tls 192.0.2.7:2855`. Holds no secret. */
  readonly description: string
  /** True when the channel is protected by TLS. */
  readonly secure: boolean
  /**
   * The digest of the certificate that the far side has shown, as RFC 8122 §5 writes it; undefined when it showed none.
   * Absent where the platform cannot tell.
   */
  peerDigest?(hash: FingerprintHash): string | undefined
  /** Present where bytes travel in messages, as over WebSocket; each chunk has to be one of them (RFC 7977 §5.1). */
  readonly messages?: MessageFraming
  /** Bytes handed to `write` that the operating system has not taken yet; those of an open message left out. */
  readonly bufferedBytes: number
  /** Begins delivery of events. Nothing is delivered before it, and nothing is lost meanwhile. Called once. */
  start(handler: TransportHandler): void
  /** Sends bytes. They are copied. Ignored once closed. */
  write(bytes: Uint8Array): void
  /** Stops reading; bytes that already arrived from the platform may still be delivered. A loss may go unnoticed. */
  pause(): void
  /** Reads on. */
  resume(): void
  /** Sends what is buffered, then closes; the far side's end does the same. Only `onClose` follows. */
  close(): void
  /** Closes at once and throws away what is buffered. Only `onClose` follows. */
  destroy(): void
}

/**
 * How the bytes of a transport are put into messages. A write is a message of its own, unless it comes between `begin` and
 * `end`; what is larger than a message may be becomes several.
 */
export interface MessageFraming {
  /** The most bytes that a message may hold; at least 32 KiB, so that any head and some body have room. */
  readonly maximum: number
  /** What is written from here up to `end` is one message. */
  begin(): void
  /** The message is complete, and goes out. */
  end(): void
}

/** What a transport calls. All calls come from the event loop, never from inside a call to the transport itself. */
export interface TransportHandler {
  /** Bytes that arrived, in order. They are lent: valid until the call returns, so whoever keeps them copies them. */
  onData(bytes: Uint8Array): void
  /** Everything written so far has been taken by the operating system: `bufferedBytes` is 0 after having been above it. */
  onDrain(): void
  /** The channel is gone, once and last; with the reason when it was not an orderly end. */
  onClose(error?: MsrpError): void
}
