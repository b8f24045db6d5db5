import { type MsrpError, newMessageId } from '../wire/index.ts'
import { isSessionGone } from '../wire/session-gone.ts'
import { ask } from './ask.ts'
import { loadedBefore } from './later.ts'
import { RecentIds } from './recent-ids.ts'
import { refusal } from './refusal.ts'
import type { SessionContext } from './session-context.ts'

/** SENDs without body, which are no messages: the first one that binds the connection, keep-alives, and probes. */
export class Presence {
  readonly context: SessionContext
  /** The latest ones, by Message-ID: a relay answers 200 and may find out later, by REPORT, that there is nobody. */
  readonly #sent: RecentIds<(error: MsrpError | undefined) => void> = new RecentIds(8)
  #stop: (() => void) | undefined

  constructor(context: SessionContext) {
    this.context = context
  }

  /** The active side's first request (RFC 4975 §5.4). Rejects when it is refused or not answered. */
  async bind(): Promise<void> {
    const error = await this.send({
      // Nobody has shown to be there yet: one without an answer is enough.
      failed: (error) => this.failed(error, true),
    })
    if (error !== undefined) throw error
  }

  /** Keeps asking for a sign of life: see `KeepAlive`. */
  keepAlive(interval: number): void {
    const { KeepAlive } = loadedBefore(this.context.platform.parts.options)
    const keepAlive = new KeepAlive(this, interval)
    this.#stop = () => keepAlive.stop()
  }

  /** The session is over. */
  stop(): void {
    this.#stop?.()
  }

  /** A REPORT; false when it is not about one of these. */
  reported(messageId: string, status: number, comment: string): boolean {
    const settle = this.#sent.get(messageId)
    settle?.(refusalOf(status, comment))
    return settle !== undefined
  }

  /** One was refused, or found nobody; `silent` when it is enough that there was no answer in time. */
  failed(error: MsrpError, silent: boolean): void {
    if (isSessionGone(error.status) || (silent && error.code === 'timeout')) this.context.gone(error)
  }

  /**
   * Resolves with the error when it is refused or not answered, else with nothing. With `endToEnd` a 200 of the next hop
   * is not enough: the peer's REPORT has to come. `failed` hears of what a REPORT says, 200 or not before: it is as if the
   * request had been answered so (RFC 4975 §7.3.2).
   */
  async send(how: { endToEnd?: boolean; failed(error: MsrpError): void }): Promise<MsrpError | undefined> {
    const { platform, toPath, fromPath, counts } = this.context
    const { clock, random } = platform
    const sentAt = clock.now()
    const messageId = newMessageId(random)
    const { promise, resolve } = Promise.withResolvers<MsrpError | undefined>()
    this.#sent.set(messageId, (error) => {
      resolve(error)
      if (error !== undefined) how.failed(error)
    })
    // RFC 4975 §5.4, §7.1
    const { response } = ask(this.context.connection().msrp, 'The far side', 'a request without body', {
      method: 'SEND',
      toPath,
      fromPath,
      fields: [
        ['Message-ID', messageId],
        ['Success-Report', how.endToEnd ? 'yes' : 'no'],
        ['Failure-Report', 'yes'],
        ['Byte-Range', '1-0/0'],
      ],
    })
    response.then(({ status, comment }) => {
      counts.answeredAfter(clock.now() - sentAt)
      const error = refusalOf(status, comment)
      if (error !== undefined || !how.endToEnd) resolve(error)
    }, resolve)
    return promise
  }
}

function refusalOf(status: number, comment: string): MsrpError | undefined {
  return status < 300 ? undefined : refusal(status, comment, 'The session')
}
