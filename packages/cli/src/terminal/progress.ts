import type { ProgressEvent } from '../events.ts'
import type { ShownProgress } from './bars.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import type { ProgressState } from './progress-line.ts'
import { Rate } from './rate.ts'

/** Pause between two JSON events about the same file, in milliseconds. */
const EVENT_PAUSE = 500

/** How far one file is: a bar on a terminal, events for `--json`, both throttled. */
export class Progress {
  readonly #output: Output
  readonly #event: Pick<ProgressEvent, 'messageId' | 'direction' | 'name'>
  readonly #bar: ShownProgress
  readonly #rate = new Rate()
  readonly #state: ProgressState
  #lastEvent: number
  #lastBytes = -1

  constructor(output: Output, event: Pick<ProgressEvent, 'messageId' | 'direction' | 'name'>, total?: number) {
    this.#output = output
    this.#event = event
    this.#state = { label: printableLine(event.name ?? 'file'), bytes: 0, total, bytesPerSecond: 0 }
    this.#bar = output.area.start(this.#state)
    this.#lastEvent = performance.now()
    this.#rate.add(this.#lastEvent, 0)
  }

  /** Tells how many bytes there are now; cheap enough to be called for each piece. */
  update(bytes: number, total: number | undefined, remark?: string): void {
    const now = performance.now()
    this.#rate.add(now, bytes)
    const state = this.#state
    state.bytes = bytes
    state.total = total
    state.bytesPerSecond = this.#rate.bytesPerSecond
    state.remark = remark
    this.#bar.update(state)
    if (now - this.#lastEvent >= EVENT_PAUSE) this.#emit(now)
  }

  /** The file is complete: a last event says so. */
  complete(bytes: number): void {
    this.update(bytes, bytes)
    if (this.#lastBytes !== bytes) this.#emit(performance.now())
    this.end()
  }

  /** Takes the bar away. */
  end(): void {
    this.#bar.end()
  }

  #emit(now: number): void {
    const { bytes, total, bytesPerSecond } = this.#state
    this.#lastEvent = now
    this.#lastBytes = bytes
    this.#output.event({ event: 'progress', ...this.#event, bytes, total: total ?? null, bytesPerSecond })
  }
}
