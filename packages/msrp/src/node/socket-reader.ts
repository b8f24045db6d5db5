import type { Socket } from 'node:net'

/**
 * How bytes come out of a socket. Everything about reading is here and nowhere else, so that a faster way (a static
 * buffer through Node's `onread`, which spares an allocation a read) can take this one's place.
 */
export interface SocketReader {
  /** Begins to hand out bytes, and the far side's end once all bytes before it are out. */
  start(onData: (bytes: Uint8Array) => void, onEnd: () => void): void
  pause(): void
  resume(): void
  /** Reads on to the end and throws away what comes: the far side's FIN is seen and no unread byte provokes an RST. */
  discard(): void
}

/** The plain way: `data` events. */
export function readSocket(socket: Socket): SocketReader {
  let deliver: ((bytes: Uint8Array) => void) | undefined
  return {
    start(onData, onEnd): void {
      deliver = onData
      socket.on('end', onEnd)
      // The listener alone does not set a socket flowing that was paused before; whoever paused it resumes it.
      socket.on('data', deliver)
    },
    pause(): void {
      socket.pause()
    },
    resume(): void {
      socket.resume()
    },
    discard(): void {
      if (deliver) socket.off('data', deliver)
      deliver = undefined
      socket.resume()
    },
  }
}
