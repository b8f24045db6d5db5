import cliProgress, { type Bar, type MultiBar } from 'cli-progress'
import { formatProgress, type ProgressState } from './progress-line.ts'

/** The place on a terminal where progress is shown while other text goes by above it. */
export interface ProgressArea {
  /** Whether something is shown, so that text has to go through `print`. */
  readonly active: boolean
  /** Shows the progress of one more file until `end` is called. */
  start(state: ProgressState): ShownProgress
  /** Prints whole lines above. */
  print(text: string): void
  /** Takes everything away and gives the cursor back. */
  stop(): void
}

export interface ShownProgress {
  update(state: ProgressState): void
  end(): void
}

/** Progress bars at the bottom of a terminal, one for each file under way, with room for text above them. */
export class Bars implements ProgressArea {
  readonly #stream: NodeJS.WriteStream
  readonly #blocks = drawsBlocks()
  #multiBar: MultiBar<ProgressState> | undefined
  #count = 0

  /** @param stream a terminal; on anything else nothing is drawn */
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get active(): boolean {
    return this.#multiBar !== undefined
  }

  start(state: ProgressState): ShownProgress {
    if (!this.#stream.isTTY) return { update: () => {}, end: () => {} }
    this.#multiBar ??= new cliProgress.MultiBar<ProgressState>({
      stream: this.#stream,
      fps: 8,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: true,
      format: (_options, { maxWidth }, payload) => formatProgress(payload, maxWidth, this.#blocks),
    })
    const bar: Bar<ProgressState> = this.#multiBar.create(1, 0, { ...state })
    this.#count++
    let ended = false
    return {
      update: (next) => {
        if (!ended) bar.update({ ...next })
      },
      end: () => {
        if (ended) return
        ended = true
        this.#count--
        if (this.#count === 0) this.stop()
        else this.#multiBar?.remove(bar)
      },
    }
  }

  print(text: string): void {
    this.#multiBar?.log(text)
    this.#multiBar?.update()
  }

  stop(): void {
    this.#multiBar?.stop()
    this.#multiBar = undefined
  }
}

// Without a UTF-8 locale a terminal shows three odd characters for each block.
function drawsBlocks(): boolean {
  if (process.platform === 'win32') return true
  const { LC_ALL, LC_CTYPE, LANG } = process.env
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
