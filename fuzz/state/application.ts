import { MsrpError } from 'msrp/wire'
import type { IncomingMessage, OutgoingMessage, Session } from '../../packages/msrp/src/session/api.ts'
import type { SessionOptions, Verdict } from '../../packages/msrp/src/session/options.ts'
import type { Random } from '../random.ts'

/** How a session may be set up: every option that what arrives can run into, with limits that are soon reached. */
export function sessionOptions(random: Random): SessionOptions {
  const verdict = (): Verdict => random.pick<Verdict>(['accept', 'accept', 403, { status: 413, comment: 'no' }, 428])
  return {
    acceptTypes: random.pick([undefined, ['text/*', 'message/cpim'], ['text/plain']]),
    maxMessageSize: random.pick([undefined, undefined, 100, 3000]),
    sessmatch: random.oneIn(4),
    onRequest: random.oneIn(3) ? async () => verdict() : undefined,
    onNickname: random.oneIn(2) ? async () => verdict() : undefined,
    reportOn: random.pick(['taken', 'received', undefined]),
    reportTimeout: random.pick([undefined, 5000]),
    chunkSize: random.pick([undefined, 2048]),
    keepAlive: random.pick([undefined, 10_000]),
    idleTimeout: random.pick([undefined, undefined, 60_000]),
    limits: random.oneIn(2)
      ? {}
      : {
          window: 1000,
          memory: 3000,
          spool: random.pick([0, 5000, 1_000_000]),
          spoolAfter: 100,
          unfinishedMessages: 2,
          unreadMessages: 2,
          undecidedChunks: 2,
          gaps: 2,
        },
  }
}

/** Takes sessions and what they bring as an application might, well or badly, and keeps to what the interface promises. */
export class Application {
  readonly #random: Random
  readonly #check: (messageId: string, bytes: Uint8Array) => void
  readonly #work: Map<Promise<unknown>, string> = new Map()
  readonly #left: IncomingMessage[] = []
  #sessions = 0
  #whole = 0
  #files = 0

  /** @param check looks at a message that was shown whole. */
  constructor(random: Random, check: (messageId: string, bytes: Uint8Array) => void) {
    this.#random = random
    this.#check = check
  }

  /** What came, in a word. */
  get outcome(): string {
    return this.#whole > 0 ? 'messages' : this.#sessions > 0 ? 'sessions' : 'nothing'
  }

  async serve(sessions: AsyncIterable<Session>): Promise<void> {
    for await (const session of sessions) {
      this.#sessions++
      this.#begin('reading a session', this.#read(session))
      this.#begin('the end of a session', session.closed)
      if (this.#random.oneIn(2)) this.#send(session)
    }
  }

  /** Settles when everything that was begun has come to an end; rejects with what should not have happened. */
  async over(): Promise<void> {
    for (const message of this.#left.splice(0)) this.#begin('reading what was left', allowed(this.#all(message)))
    while (this.#work.size > 0) await Promise.all(this.#work.keys())
  }

  /** What has not come to an end. */
  get pending(): string {
    return [...this.#work.values()].join(', ')
  }

  #begin(what: string, work: Promise<unknown>): void {
    const done = work.then(() => {
      this.#work.delete(done)
    })
    this.#work.set(done, what)
  }

  async #read(session: Session): Promise<void> {
    for await (const message of session) {
      this.#begin('reading a message', allowed(this.#take(message)))
      this.#begin('the completeness of a message', allowed(message.complete))
      if (this.#random.oneIn(4)) this.#send(session)
      if (this.#random.oneIn(30)) this.#begin('closing a session', session.close())
    }
  }

  async #take(message: IncomingMessage): Promise<void> {
    switch (this.#random.below(8)) {
      case 0:
        // A message that nobody looks at holds what it has until it is collected as garbage: here, until the end.
        this.#left.push(message)
        return
      case 1:
        message.refuse(this.#random.pick([undefined, 413, 400]))
        return
      case 2:
        await message.saveTo(`file${this.#files++}`)
        return
      case 3:
        await message.text()
        return
      case 4:
        await this.#some(message.stream())
        return
      default:
        await this.#all(message)
    }
  }

  async #all(message: IncomingMessage): Promise<void> {
    const bytes = await message.bytes()
    this.#whole++
    // What an earlier session brought is not there again.
    if (message.offset === 0) this.#check(message.messageId, bytes)
  }

  /** The first piece, and then no more. */
  async #some(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
  }

  #send(session: Session): void {
    const random = this.#random
    let sent: OutgoingMessage
    try {
      sent = session.send('x'.repeat(random.size(9000)), {
        successReport: random.oneIn(2),
        failureReport: random.pick(['yes', 'partial', 'no']),
      })
    } catch (error) {
      if (error instanceof MsrpError) return
      throw error
    }
    this.#begin('the delivery of a message', allowed(sent.delivered))
    if (random.oneIn(6)) sent.abort()
  }
}

/** What the interface says may reject does so with its own error and no other. */
async function allowed(promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof MsrpError) || error.code === 'internal') throw error
  }
}
