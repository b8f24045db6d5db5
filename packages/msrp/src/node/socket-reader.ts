import type { Socket } from 'node:net'

/**
 * How bytes come out of a socket. Everything about reading is here and nowhere else, so that a faster way (a static
 * buffer through Node's `onread`, which spares an allocation a read) can take this one's place.
 */
export interface SocketReader {
  /** Begins to hand out bytes, and the far side's end once all bytes before it are out. Never calls back at once. */
  start(onData: (bytes: Uint8Array) => void, onEnd: () => void): void
  pause(): void
  resume(): void
  /** Reads on to the end and throws away what comes: the far side's FIN is seen and no unread byte provokes an RST. */
  discard(): void
}

/** The plain way: `data` events. */
export function readSocket(socket: Socket): SocketReader {
  let deliver: ((bytes: Uint8Array) => void) | undefined
  let tellEnd: (() => void) | undefined
  // An end without bytes before it is told even to a socket that nobody reads.
  let ended = socket.readableEnded
  socket.once('end', () => {
    ended = true
    tellEnd?.()
  })
  return {
    start(onData, onEnd): void {
      deliver = onData
      if (ended) setImmediate(onEnd)
      else tellEnd = onEnd
      // A socket that was paused before does not begin to flow by the listener alone.
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
