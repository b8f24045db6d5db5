/** Milliseconds between two lines, on a terminal and elsewhere. */
const OFTEN = 250
const SELDOM = 10_000

/** One line that says how far a run is. */
export class Progress {
  readonly #target: string
  readonly #count: number
  readonly #began: number = performance.now()
  #shown = 0

  constructor(target: string, count: number) {
    this.#target = target
    this.#count = count
  }

  show(done: number): void {
    const now = performance.now()
    const terminal = process.stdout.isTTY
    if (now - this.#shown < (terminal ? OFTEN : SELDOM)) return
    this.#shown = now
    const rate = Math.round(done / ((now - this.#began) / 1000))
    const line = `${this.#target.padEnd(10)} ${grouped(done)} of ${grouped(this.#count)}, ${grouped(rate)} a second`
    process.stdout.write(terminal ? `\r\u001b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  }
}

/** A number with its thousands set apart. */
export function grouped(number: number): string {
  return number.toLocaleString('en-US')
}
