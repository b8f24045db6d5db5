import { Socket } from 'node:net'

/** Bytes read at once at most: a processor keeps so many close by. */
const READ_BYTES = 256 * 1024

/**
 * All sockets are read into the same memory, one after the other. With memory of its own for each read, as `data` events
 * bring it, half of the time would go into allocating it and collecting it.
 */
let memory: Uint8Array | undefined

/** A socket with what `net.connect({ onread })` sets. Accepted sockets have it as well, but no way to set it. */
type OpenSocket = Socket & {
  _handle?: Partial<Handle> | null
  [own: symbol]: unknown
}

interface Handle {
  reading: boolean
  readStart(): number
  readStop(): number
  useUserBuffer(memory: Uint8Array): void
}

const [buffer, onRead] = ['kBuffer', 'kBufferCb'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
)

/**
 * From now on hands out what comes in over a connected socket, lent until the call returns, instead of `data` events.
 * False, and nothing has changed, where Node's insides are not what they were: that is looked at here, and relied on
 * nowhere else. The end of the stream is told as ever.
 */
export function readIntoSharedMemory(socket: Socket, onData: (bytes: Uint8Array) => void): boolean {
  const open = socket as OpenSocket
  const handle = open._handle
  if (buffer === undefined || onRead === undefined || !(buffer in open && onRead in open)) return false
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.reading !== 'boolean') return false
  if (typeof handle.readStart !== 'function' || typeof handle.readStop !== 'function') return false
  memory ??= new Uint8Array(READ_BYTES)
  open[buffer] = memory
  open[onRead] = (size: number, bytes: Uint8Array): void => onData(bytes.subarray(0, size))
  handle.useUserBuffer(memory)
  return true
}

/**
 * Stops a socket that is read like that, or goes on: what `pause` and `resume` come to in the end, at a tenth of their
 * cost, since the operating system is not told when it goes on in the same turn.
 */
export function letRead(socket: Socket, reading: boolean): void {
  const handle = (socket as OpenSocket)._handle
  if (!handle || handle.reading === reading) return
  handle.reading = reading
  const failure = reading ? handle.readStart?.() : handle.readStop?.()
  if (failure) socket.destroy(new Error(`reading cannot be ${reading ? 'started' : 'stopped'}: error ${failure}`))
}
