import { MsrpError, type MsrpErrorCode, type Session } from 'msrp'
import { type ResumingOptions, ResumingSession } from 'msrp/resuming'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'

/** Who finds nobody listening so often in a row has nobody to call any more: a path ends with the command that printed it. */
const MOST_REFUSALS = 2

/**
 * Bytes of standard input or a pipe that are held to go out twice: what is on its way between two confirmations, which come
 * about once a second.
 */
const STREAM_MEMORY = 64 * 1024 * 1024

/** What may be otherwise a moment later. */
const PASSING: ReadonlySet<MsrpErrorCode> = new Set<MsrpErrorCode>([
  'closed',
  'connection-lost',
  'not-msrp',
  'refused',
  'timeout',
  'unreachable',
])

/** How another session is got when one is lost. */
export interface LastingOptions {
  /** Calls the same peer again. */
  call(signal: AbortSignal): Promise<Session>
  /** For so long after each loss. Milliseconds. */
  readonly within: number
  readonly output: Output
  /** Bytes of a stream that are held. Default 64 MiB. */
  readonly streamMemory?: number
  /** Default: the machine's. */
  readonly clock?: NonNullable<ResumingOptions['clock']>
}

/** A call that outlives its connections: what was not confirmed goes out again over the next one. */
export class LastingSession {
  readonly session: ResumingSession
  readonly #options: LastingOptions
  #lost: MsrpError | undefined
  #refusals = 0
  #end: MsrpError | undefined
  #replaced = 0
  /** Bytes, at the loss before. */
  #confirmed = 0

  /** @param first the session to begin with, which is open */
  constructor(first: Session, options: LastingOptions) {
    this.#options = options
    const { output, within, clock, streamMemory = STREAM_MEMORY } = options
    let told = false
    const say = (text: string): void => {
      if (!output.json) output.say(output.faint(text))
    }
    this.session = new ResumingSession({
      within,
      streamMemory,
      ...(clock === undefined ? {} : { clock }),
      next: ({ signal, error }) => (error === undefined ? Promise.resolve(first) : this.#next(signal)),
      onEvent: (event) => {
        if (event.kind === 'lost') {
          this.#lost = event.error
          // A relay says so of a hop that is lost, too, and that one may be back. Where nothing arrives, nobody is there.
          const { sent, resentBytes, unconfirmed } = this.session.statistics
          const confirmed = sent.bytes - resentBytes - unconfirmed.bytes
          if (isGone(event.error) && confirmed <= this.#confirmed) this.#end = event.error
          this.#confirmed = confirmed
          if (this.#end !== undefined) return
          // Whoever has everything may hang up.
          told = this.session.statistics.unconfirmed.messages > 0
          if (told) say(`${printableLine(event.error.message)}. Trying again; Ctrl-C gives up.`)
        } else if (event.kind === 'open' && this.#lost !== undefined) {
          this.#replaced++
          this.#refusals = 0
          if (told) say('Connected again, and going on.')
        } else if (event.kind === 'given-up') {
          this.#end ??= this.#givenUp(event.error)
        }
      },
    })
  }

  /** How often a lost connection was replaced. */
  get replaced(): number {
    return this.#replaced
  }

  /** Why something was not delivered: where that is because there is no session any more, why there is none. */
  explain(error: unknown): unknown {
    return this.#end ?? error
  }

  /** The next session; undefined when nobody will be there any more. */
  async #next(signal: AbortSignal): Promise<Session | undefined> {
    if (this.#end !== undefined) return undefined
    try {
      return await this.#options.call(signal)
    } catch (error) {
      if (!(error instanceof MsrpError)) throw error
      this.#refusals = isRefusal(error) ? this.#refusals + 1 : 0
      if (!isGone(error) && this.#refusals < MOST_REFUSALS) throw error
      this.#end = isGone(error) ? error : this.#givenUp(error)
      return undefined
    }
  }

  #givenUp(error: MsrpError): MsrpError {
    if (!PASSING.has(error.code) || this.#lost === undefined || error === this.#lost) return error
    const text = `${this.#lost.message}, and there was no other connection: ${error.message}`
    return new MsrpError('connection-lost', text, { cause: error })
  }
}

/** RFC 4975 §10.8: the path is not known any more, and will never be again. */
function isGone({ status }: MsrpError): boolean {
  return status === 481
}

/** Whether nobody listens there. */
function isRefusal({ code, cause }: MsrpError): boolean {
  return code === 'unreachable' && (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED'
}
