import { styleText } from 'node:util'
import { storageError } from 'msrp/node'
import type { Event } from '../events.ts'
import { Failure, type Verdict } from '../failure.ts'
import { Bars, type ProgressArea } from './bars.ts'
import { printableJson, printableLine } from './printable.ts'

/**
 * Everything the program prints. Results go to standard output, talk goes to standard error; with `--json` standard
 * output carries events and nothing else.
 */
export class Output {
  readonly json: boolean
  /** Where progress is shown; the chat puts its prompt here. */
  area: ProgressArea = new Bars(process.stderr)
  readonly #stop: (reason: Error) => void

  /** @param stop is called when standard output cannot be written any more */
  constructor(options: { json: boolean; stop: (reason: Error) => void }) {
    this.json = options.json
    this.#stop = options.stop
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE: the reader has seen enough (`msrp receive | head`). There is nobody left to explain anything to.
      if (error.code === 'EPIPE') this.#stop(new Failure('broken-pipe', 'standard output was closed'))
      else this.#stop(storageError('standard output', error))
    })
    // Talk that nobody hears does not stop the work.
    process.stderr.on('error', () => {})
  }

  /** A result for people: standard output, or with `--json` standard error. Already printable. */
  print(text: string): void {
    this.#write(this.json ? process.stderr : process.stdout, `${text}\n`)
  }

  /** Talk beside the results: standard error. Already printable. */
  say(text: string): void {
    this.#write(process.stderr, `${text}\n`)
  }

  /** A result for programs; nothing without `--json`. */
  event(event: Event): void {
    if (this.json) this.#write(process.stdout, `${printableJson(event)}\n`)
  }

  warn(message: string): void {
    this.say(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${printableLine(message)}`)
  }

  /** The line about why the program ends, or why one message failed. */
  error(verdict: Verdict, messageId?: string): void {
    const { code, message, status, confirmedBytes = 0, name, storedBytes, details = [], mistakes } = verdict
    this.event({ event: 'error', code, message, confirmedBytes, status, name, storedBytes, messageId, mistakes })
    if (code === 'broken-pipe') return
    const stopped = code === 'interrupted' || code === 'terminated' || code === 'hung-up'
    const prefix = stopped ? '' : `${styleText('red', 'error:', { stream: process.stderr })} `
    this.say([`${prefix}${printableLine(message)}`, ...details.map(printableLine)].join('\n'))
  }

  /** Text in bold where that can be shown. */
  strong(text: string): string {
    return styleText('bold', text, { stream: process.stderr })
  }

  /** Text that stays in the background where that can be shown. */
  faint(text: string): string {
    return styleText('dim', text, { stream: process.stderr })
  }

  /** Takes the bars away and waits until everything is written. */
  async flush(): Promise<void> {
    this.area.stop()
    for (const stream of [process.stdout, process.stderr]) {
      if (stream.writable) await new Promise<void>((resolve) => stream.write('', () => resolve()))
    }
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    // A line written straight to a terminal would land in the middle of a bar.
    if (this.area.active && stream.isTTY) this.area.print(text)
    else stream.write(text)
  }
}
