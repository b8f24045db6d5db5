import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** The way to a server on 127.0.0.1, over which connections can be made to suffer, until the end of the test. */
export class Link {
  readonly #server: Server
  readonly #target: number
  readonly #connections: Set<LinkedConnection> = new Set()

  /** `port` and `host`: where clients connect to; `target`: where the server listens. */
  static async open(port: number, target: number, host: string = '127.0.0.1'): Promise<Link> {
    const link = new Link(target)
    link.#server.listen(port, host)
    await once(link.#server, 'listening')
    onTestFinished(() => link.#close())
    return link
  }

  constructor(target: number) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near))
  }

  /** Those that live, oldest first. */
  get connections(): readonly LinkedConnection[] {
    return [...this.#connections]
  }

  #accept(near: Socket): void {
    const far = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    const connection = new LinkedConnection(near, far, () => this.#connections.delete(connection))
    this.#connections.add(connection)
  }

  #close(): void {
    this.#server.close()
    for (const connection of this.#connections) connection.reset()
  }
}

/** One connection over a link. */
export class LinkedConnection {
  readonly #near: Socket
  readonly #far: Socket
  /** Towards the server, and from there. */
  readonly #directions: readonly [there: Direction, back: Direction]

  constructor(near: Socket, far: Socket, onGone: () => void) {
    this.#near = near
    this.#far = far
    const reset = (): void => this.reset()
    this.#directions = [new Direction(near, far, reset), new Direction(far, near, reset)]
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', reset)
      socket.on('close', onGone)
    }
  }

  /** Both ends get a reset. */
  reset(): void {
    this.#near.resetAndDestroy()
    this.#far.resetAndDestroy()
  }

  /** The client gets a reset, and the server hears nothing of it. */
  desert(): void {
    this.lose('both')
    this.#near.resetAndDestroy()
  }

  /** Both ends get an end of stream. */
  end(): void {
    this.#near.end()
    this.#far.end()
    for (const direction of this.#directions) direction.lose()
  }

  /** Carries nothing until the returned function is called: the bytes wait. */
  stall(): () => void {
    for (const direction of this.#directions) direction.stall()
    return () => {
      for (const direction of this.#directions) direction.resume()
    }
  }

  /** What goes in these directions from now on is lost on the way; only `reset` makes sense afterwards. */
  lose(which: 'there' | 'back' | 'both'): void {
    const [there, back] = this.#directions
    if (which !== 'back') there.lose()
    if (which !== 'there') back.lose()
  }

  /** Resets after so many more bytes in one direction. */
  cutAfter(which: 'there' | 'back', bytes: number): void {
    const [there, back] = this.#directions
    const direction = which === 'there' ? there : back
    direction.cutAfter(bytes)
  }

  /** Carries the bytes in pieces of at most so many, each by itself, until the returned function is called. */
  split(most: number): () => void {
    for (const direction of this.#directions) direction.split(most)
    return () => {
      for (const direction of this.#directions) direction.split(undefined)
    }
  }
}

/** One half of a connection. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  readonly #reset: () => void
  #lost = false
  #stalled = false
  #most: number | undefined
  /** Bytes that may still pass. */
  #left = Number.POSITIVE_INFINITY
  #carrying = false

  constructor(from: Socket, to: Socket, reset: () => void) {
    this.#from = from
    this.#to = to
    this.#reset = reset
    from.on('data', (bytes) => void this.#carry(bytes))
    from.on('end', () => {
      if (!this.#lost) this.#to.end()
    })
  }

  stall(): void {
    this.#stalled = true
    this.#from.pause()
  }

  resume(): void {
    this.#stalled = false
    this.#proceed()
  }

  lose(): void {
    this.#lost = true
    this.resume()
  }

  cutAfter(bytes: number): void {
    this.#left = bytes
  }

  split(most: number | undefined): void {
    this.#most = most
  }

  async #carry(bytes: Buffer): Promise<void> {
    if (this.#lost) return
    this.#carrying = true
    this.#from.pause()
    const carried = bytes.subarray(0, Math.min(bytes.length, this.#left))
    this.#left -= carried.length
    for (let at = 0; at < carried.length && this.#to.writable; ) {
      const piece = carried.subarray(at, at + (this.#most ?? carried.length))
      at += piece.length
      if (!this.#to.write(piece)) await this.#drained()
      else if (this.#most !== undefined) await nextTurn()
    }
    this.#carrying = false
    if (this.#left === 0) this.#reset()
    this.#proceed()
  }

  #proceed(): void {
    if (!this.#stalled && !this.#carrying) this.#from.resume()
  }

  async #drained(): Promise<void> {
    const ended = new AbortController()
    const { signal } = ended
    await Promise.race([once(this.#to, 'drain', { signal }), once(this.#to, 'close', { signal })]).catch(() => {})
    ended.abort()
  }
}
