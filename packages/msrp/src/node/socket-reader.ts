import type { Socket } from 'node:net'
import { letRead, readIntoSharedMemory } from './shared-memory-reads.ts'

/** How bytes come out of a socket. Everything about reading is here and nowhere else. */
export interface SocketReader {
  /** Begins to hand out bytes, and the far side's end once all bytes before it are out. Never calls back at once. */
  start(onData: (bytes: Uint8Array) => void, onEnd: () => void): void
  pause(): void
  resume(): void
  /** Reads on to the end and throws away what comes: the far side's FIN is seen and no unread byte provokes an RST. */
  discard(): void
}

/** Reads into memory that all sockets share where this version of Node lets us, else by `data` events. */
export function readSocket(socket: Socket): SocketReader {
  let deliver: ((bytes: Uint8Array) => void) | undefined
  let tellEnd: (() => void) | undefined
  // An end without bytes before it is told even to a socket that nobody reads.
  let ended = socket.readableEnded
  let paused = false
  let shared = false
  /** The stream does no more about it: only its handle is stopped and started from now on. */
  let flows = false
  socket.on('end', () => {
    ended = true
    tellEnd?.()
  })
  const onBytes = (bytes: Uint8Array): void => deliver?.(bytes)
  const resume = (): void => {
    socket.resume()
    // It begins in the next tick.
    if (!shared) return
    socket.once('resume', () => {
      flows = true
    })
  }
  const read = (reading: boolean): void => {
    paused = !reading
    if (flows) letRead(socket, reading)
    else if (reading) resume()
    else socket.pause()
  }
  return {
    start(onData, onEnd): void {
      deliver = onData
      if (ended) setImmediate(onEnd)
      else tellEnd = onEnd
      setImmediate(() => {
        // What came before anybody asked for it.
        for (let early = socket.read(); early !== null; early = socket.read()) onBytes(early)
        if (socket.destroyed) return
        shared = readIntoSharedMemory(socket, onBytes)
        if (!shared) socket.on('data', onBytes)
        read(!paused)
      })
    },
    pause: () => read(false),
    resume: () => read(true),
    discard(): void {
      deliver = undefined
      read(true)
    },
  }
}
