import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError } from '../wire/index.ts'
import { checkNotAborted, unlessAborted } from './abortable.ts'
import { notAcceptable } from './acceptable.ts'
import type { AttributeInput, MediumDecision, MessageDescription } from './api.ts'
import type { MLine } from './m-lines.ts'
import { NegotiatedMedium, type Written } from './medium.ts'
import type { MediumRoom } from './medium-room.ts'
import { mirrored, OF_FILES } from './other-media.ts'
import type { MediaSection } from './session-description.ts'
import { closedLines } from './write-section.ts'

/** What becomes of one offered m-line. */
interface Result {
  readonly medium?: NegotiatedMedium
  readonly written?: Written
  /** Of a refusal. */
  readonly attributes?: readonly AttributeInput[]
  /** Why it was refused. */
  readonly error?: MsrpError
  /** What ends the medium that was there before. */
  readonly end?: MsrpError | MessageDescription
}

/** How an offer is answered. */
interface AnsweringOptions {
  readonly connectAfter: Promise<unknown> | undefined
  readonly signal: AbortSignal | undefined
}

/** The answer to one offer on its way, medium by medium. Until it is out nothing counts of it, and it can be given up. */
export class Answering {
  readonly lines: MLine[] = []
  readonly written: Map<NegotiatedMedium, Written> = new Map()
  /** Why something was refused, the first time. */
  refused: MsrpError | undefined
  readonly #room: MediumRoom
  readonly #connectAfter: Promise<unknown> | undefined
  readonly #givenUp: AbortController = new AbortController()
  readonly #unfollow: () => void
  /** Wished for, and in no description yet. */
  readonly #waiting: NegotiatedMedium[]
  /** That nobody would end besides. */
  readonly #made: NegotiatedMedium[] = []
  readonly #ended: [NegotiatedMedium, MsrpError | MessageDescription][] = []

  constructor(room: MediumRoom, waiting: readonly NegotiatedMedium[], how: AnsweringOptions) {
    const { connectAfter, signal } = how
    this.#room = room
    this.#waiting = [...waiting]
    this.#connectAfter = connectAfter
    const onAbort = (): void => this.#givenUp.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    this.#unfollow = () => signal?.removeEventListener('abort', onAbort)
  }

  /** Fires when it is given up; once the answer is out, never. */
  get signal(): AbortSignal {
    return this.#givenUp.signal
  }

  /** A section of others, with their answer to it. */
  other(text: string, old: NegotiatedMedium | undefined): void {
    this.lines.push({ ours: false, medium: undefined, text })
    if (old !== undefined) this.#ended.push([old, replaced()])
  }

  /** A section for MSRP. @throws MsrpError what keeps it from being answered at all */
  async message(section: MediaSection, remote: MessageDescription, old: NegotiatedMedium | undefined): Promise<void> {
    const { medium, written, attributes, error, end } = await this.#decide(remote, old)
    this.refused ??= error
    if (medium !== undefined && written !== undefined) this.written.set(medium, written)
    if (old !== undefined && end !== undefined) this.#ended.push([old, end])
    const closed = closedLines(section.protocol, attributes ?? mirrored(section))
    this.lines.push({ ours: true, medium: medium ?? old, text: closed.join('\n') })
  }

  /** The answer is out: what it ends is over. */
  done(): void {
    this.#unfollow()
    for (const [medium, end] of this.#ended) end instanceof MsrpError ? medium.over(end) : medium.ended(end)
  }

  /** There is no answer: what was made for it is over. */
  failed(error: unknown): void {
    const reason = asMsrpError(error, 'aborted', 'There was no answer')
    this.#unfollow()
    this.#givenUp.abort(reason)
    for (const medium of this.#made) medium.over(reason)
  }

  async #decide(remote: MessageDescription, old: NegotiatedMedium | undefined): Promise<Result> {
    const stands = old !== undefined && old.state !== 'over' ? old : undefined
    if (remote.port === 0) return stands === undefined ? {} : { end: remote }
    const { signal } = this
    checkNotAborted(signal)
    const { onMedium } = this.#room.options
    const asking = onMedium && (async () => onMedium({ description: remote, medium: stands, signal }))()
    const decision = await unlessAborted<MediumDecision>(asking, signal)
    if (decision === undefined) return this.#take(remote, stands ?? this.#wished(remote))
    if ('refuse' in decision) {
      const { attributes, refuse } = decision
      const error = notAcceptable(refuse)
      return { error, end: error, ...(attributes === undefined ? {} : { attributes }) }
    }
    if ('change' in decision) {
      stands?.change(decision.change)
      return this.#take(remote, stands ?? this.#wished(remote))
    }
    const medium = new NegotiatedMedium(decision.take, this.#room)
    this.#made.push(medium)
    // Who is told of the medium hears from it, too, when it cannot come about.
    decision.onTaken?.(medium)
    return { end: replaced(), ...(await this.#take(remote, medium)) }
  }

  /** The next that is wished for; a file goes to nobody who did not ask for that one. */
  #wished(remote: MessageDescription): NegotiatedMedium | undefined {
    if (remote.attributes.some(({ name }) => OF_FILES.includes(name))) return undefined
    return this.#waiting.find(({ removed, wishes }) => {
      return !removed && !wishes.attributes?.some(([name]) => OF_FILES.includes(name))
    })
  }

  async #take(remote: MessageDescription, medium: NegotiatedMedium | undefined): Promise<Result> {
    if (medium === undefined) return { error: notAcceptable('nothing was wished for that it could be') }
    if (medium.removed) return { end: new MsrpError('closed', 'The medium was removed here') }
    try {
      const written = await medium.answer(remote, { connectAfter: this.#connectAfter, signal: this.signal })
      const place = this.#waiting.indexOf(medium)
      if (place !== -1) this.#waiting.splice(place, 1)
      return { medium, written }
    } catch (error) {
      if (!(error instanceof MsrpError) || error.code !== 'not-acceptable') throw error
      if (this.#made.includes(medium)) medium.over(error)
      return { error, end: error }
    }
  }
}

function replaced(): MsrpError {
  return new MsrpError('closed', 'Another medium has taken its m-line')
}
