import { MsrpError } from '../wire/index.ts'
import type { IncomingMessage } from './api.ts'
import type { BodyShare } from './body-room.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import { type IncomingChunk, IncomingTransfer, statusFor, type TransferRoom } from './incoming-transfer.ts'
import { loadedBefore, use } from './later.ts'
import { acceptsType, MANDATORY_TYPES } from './media-types.ts'
import { MessageQueue } from './message-queue.ts'
import { hasFileName, ReceivedMessage } from './received-message.ts'
import { RecentIds } from './recent-ids.ts'
import type { SessionContext } from './session-context.ts'
import type { UnreadMemory } from './unread-memory.ts'
import type { WaitingMessages } from './waiting-messages.ts'

/** An unfinished message of which nothing came for so long makes room for another one. Milliseconds. */
const FORSAKEN = 120_000

/** What comes in on one session: which messages are under way, which are refused, and which wait for the application. */
export class Inbox implements TransferRoom {
  readonly queue: MessageQueue<IncomingTransfer, IncomingMessage>
  /** What the messages may use of the session. */
  readonly shared: BodyShare
  readonly context: SessionContext
  readonly #transfers: Map<string, IncomingTransfer> = new Map()
  /** Messages that are over: the status their further chunks get, and whether all of it was reported. */
  readonly #over: RecentIds<{ status: number; size?: number | undefined; reported: boolean }> = new RecentIds(256)
  /** Undefined where nothing is to be decided. */
  readonly #decisions: typeof import('./asked-options.ts') | undefined
  #memory = 0
  #unread: UnreadMemory | undefined
  /** Wait for messages to be over. */
  #onOver: (() => void)[] = []
  #waiting: WaitingMessages | undefined
  /** So many messages wait to be handed over, until then. Never rejects. */
  #unpresented = 0
  #presenting: Promise<void> | undefined

  constructor(context: SessionContext) {
    const { limits, options, platform } = context
    this.context = context
    if (options.onRequest ?? options.containers) this.#decisions = loadedBefore(platform.parts.options)
    this.queue = new MessageQueue<IncomingTransfer, IncomingMessage>(
      (transfer) => {
        transfer.given = true
        return new ReceivedMessage(transfer, platform)
      },
      () => this.#waiting?.watch(),
    )
    this.shared = {
      clock: platform.clock,
      window: limits.window,
      spoolAfter: limits.spoolAfter,
      spool: platform.openSpool?.(limits.spool),
      pause: context.pause,
      resume: context.resume,
      memory: (change) => this.#account(change),
    }
  }

  /** Whether a message is under way: one that has begun and not ended. */
  get busy(): boolean {
    return [...this.#transfers.values()].some(({ state }) => state === 'arriving')
  }

  /** Takes in a SEND; gives what reads the rest of it. */
  send(request: IncomingRequest): RequestReader {
    const { messageId } = request
    const { hasBody, fields } = request.head
    const known = this.#transfers.get(messageId)
    if (known !== undefined) return this.#chunk(known, request)
    const over = this.#over.get(messageId)
    if (over !== undefined) return this.#afterwards(request, over)
    if (!hasBody) return this.#bodiless(request)
    const whole = this.context.completed.sizeOf(messageId)
    // Its sender goes on where an earlier session broke, and does not know that all of it had come through.
    if (whole !== undefined && (request.byteRange?.start ?? 1) > 1 && request.byteRange?.total === whole) {
      // The application may still be reading it.
      return this.#afterwards(request, { status: 200, size: whole, reported: true }, (report) =>
        this.context.completed.onTaken(messageId, report),
      )
    }
    const { contentType = '' } = fields
    const accepted = [...(this.context.options.acceptTypes ?? ['*']), ...MANDATORY_TYPES]
    if (!acceptsType(accepted, contentType)) return this.#refuse(request, 415)
    if (this.#full()) return this.#refuse(request, 413, 'Too many messages wait here')
    const body = this.context.kept(request)
    const duplicate = this.context.completed.has(messageId)
    const transfer = new IncomingTransfer(this, request, { duplicate, body })
    const onTaken = (): void => this.#present(transfer)
    const kept = body !== undefined
    const decision = this.#decisions?.decisionOn(transfer, this.context.options, {
      kept,
      most: this.context.limits.undecidedChunks,
      onTaken,
    })
    transfer.decision = decision
    this.#transfers.set(messageId, transfer)
    const reader = this.#chunk(transfer, request)
    if (transfer.state === 'failed') return reader
    if (decision === undefined) onTaken()
    else decision.begun((request.byteRange?.start ?? 1) - 1)
    return reader
  }

  /** Resolves when each message that has begun is with its reader, or has failed. */
  quiet(): Promise<void> {
    return this.#until(() => this.#transfers.size === 0)
  }

  /** The session is about to be closed here: takes no more, and resolves when what is being saved has been. */
  async finish(error: MsrpError): Promise<void> {
    this.#stop(error)
    this.queue.end()
    await this.#until(() => ![...this.#transfers.values()].some(({ body }) => body.saving))
  }

  /**
   * The session is over. What has not arrived whole fails; what has can still be read. With `discard` only by whoever has it
   * already: nobody is going to ask for more.
   */
  end(error: MsrpError, discard: boolean): void {
    for (const transfer of [...this.#transfers.values()]) {
      const { keep } = this.context
      // What nobody has decided on yet is not kept: it could be something else that is decided on when the rest comes.
      if (transfer.state === 'arriving' && keep !== undefined && !discard && !transfer.decision?.open)
        keep(transfer.interrupt(error), transfer.first)
      else if (transfer.state === 'arriving' || (discard && !transfer.given)) transfer.fail(error)
    }
    this.#waiting?.stop()
    // What waits to be handed over still is.
    if (this.#unpresented === 0) this.queue.end()
    else void this.#presenting?.then(() => this.queue.end())
    this.shared.spool?.retire()
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#onOver.push(resolve))
  }

  #chunk(transfer: IncomingTransfer, request: IncomingRequest): RequestReader {
    const chunk: IncomingChunk = transfer.begin(request)
    const { received } = this.context.counts
    received.chunks++
    return {
      body: (bytes) => {
        received.bytes += bytes.length
        transfer.write(chunk, bytes)
      },
      end: (flag) => transfer.end(chunk, flag),
    }
  }

  // A bodiless SEND binds a connection or keeps it alive; it is no message (RFC 4975 §7.1).
  #bodiless(request: IncomingRequest): RequestReader {
    return {
      body: () => {},
      end: () => {
        request.respond(200)
        if (request.successReport) this.context.report(request, { status: 200, until: 0, total: 0 })
      },
    }
  }

  /** A chunk of a message that is over: refused, abandoned, or complete and taken, so that this is a duplicate. */
  #afterwards(
    request: IncomingRequest,
    over: { status: number; size?: number | undefined; reported: boolean },
    onTaken: (report: () => void) => void = (report) => report(),
  ): RequestReader {
    if (over.status !== 200) return this.#refuse(request, over.status)
    return {
      body: () => {},
      end: () => {
        request.respond(200)
        // RFC 4975 §5.4: duplicates are acknowledged like the original.
        const { size = 0 } = over
        if (over.reported && request.successReport)
          onTaken(() => this.context.report(request, { status: 200, until: size, total: size }))
      },
    }
  }

  #refuse(request: IncomingRequest, status: number, comment?: string): RequestReader {
    request.respond(status, comment)
    this.#over.set(request.messageId, { status, reported: false })
    return IGNORED
  }

  #full(): boolean {
    const all = [...this.#transfers.values()]
    const arriving = all.filter(({ state }) => state === 'arriving')
    if (arriving.length >= this.context.limits.unfinishedMessages) {
      const now = this.shared.clock.now()
      const forsaken = arriving.find(({ activeAt }) => now - activeAt >= FORSAKEN)
      forsaken?.fail(new MsrpError('timeout', 'The rest of the message did not come', { status: 413 }))
      if (forsaken === undefined) return true
    }
    const undecided = all.filter(({ decision }) => decision?.open)
    return this.queue.waiting + this.#unpresented + undecided.length >= this.context.limits.unreadMessages
  }

  completed(transfer: IncomingTransfer): void {
    this.context.counts.received.messages++
    this.context.completed.add(transfer.messageId, transfer.size ?? 0)
    this.#await(transfer)
  }

  moved(): void {
    this.#unread?.moved()
  }

  /** Hands a message to the application, once what it takes to read its file name is there. Messages keep their order. */
  #present(transfer: IncomingTransfer): void {
    const { calls } = this.context.platform.parts
    const part = hasFileName(transfer.first) ? calls() : undefined
    const push = (): void => {
      if (transfer.state === 'failed') return
      this.queue.push(transfer)
      this.#await(transfer)
    }
    if (!(part instanceof Promise) && this.#unpresented === 0) {
      push()
      return
    }
    this.#unpresented++
    this.#presenting = Promise.all([part, this.#presenting])
      .then(push, (error) => transfer.fail(error))
      .then(() => void this.#unpresented--)
  }

  /** Sees to it that a complete message is reported although the application does not come to it. */
  #await(transfer: IncomingTransfer): void {
    if (transfer.state !== 'complete' || !transfer.first.successReport || !this.queue.has(transfer)) return
    const { limits, platform } = this.context
    const loading = use(platform.parts.calls, ({ WaitingMessages }) => {
      this.#waiting ??= new WaitingMessages(this.queue, platform.clock, limits.spoolAfter)
      if (this.#transfers.has(transfer.messageId)) this.#waiting.add(transfer)
    })
    // Where it cannot be loaded the message is reported when it is read.
    if (loading instanceof Promise) loading.catch(() => {})
  }

  over(transfer: IncomingTransfer, error: MsrpError | undefined): void {
    const { messageId } = transfer
    this.#transfers.delete(messageId)
    this.#waiting?.remove(transfer)
    this.queue.remove(transfer)
    const status = error === undefined ? 200 : (statusFor(error) ?? 413)
    this.#over.set(messageId, { status, size: transfer.size, reported: transfer.reported })
    if (error === undefined) this.context.completed.taken(messageId, transfer.size ?? 0)
    else if (!transfer.duplicate) this.context.completed.untaken(messageId)
    for (const onOver of this.#onOver.splice(0)) onOver()
  }

  /** Fails what has not come to its end. */
  #stop(error: MsrpError): void {
    for (const transfer of [...this.#transfers.values()]) {
      if (transfer.state === 'arriving') transfer.fail(error)
    }
  }

  /** When the session holds too much, what nobody reads has to make room. */
  #account(change: number): void {
    this.#memory += change
    const { limits, pause, platform, resume } = this.context
    if (change <= 0) this.#unread?.shrunk()
    if (change <= 0 || this.#memory <= limits.memory) return
    const relief = use(platform.parts.calls, ({ UnreadMemory }) => {
      this.#unread ??= new UnreadMemory(this.shared, this.#transfers, limits.memory)
      this.#unread.grown()
    })
    if (!(relief instanceof Promise)) return
    pause(relief)
    relief.catch((error) => this.#stop(error)).finally(() => resume(relief))
  }
}
