import type { Readable } from 'node:stream'

interface Waiting {
  pattern: RegExp
  found: (match: RegExpExecArray) => void
  ended: () => void
}

export interface LineOptions {
  /** How long to wait; 10 seconds when absent. */
  milliseconds?: number
  /** Gives up without waiting further. */
  signal?: AbortSignal
}

/** Collects a stream's lines and lets a test await one. */
export class LineReader {
  /** The lines so far, without line ends; a last line that has none is added when the stream ends. */
  readonly lines: string[] = []
  readonly #name: string
  readonly #describe: () => string
  readonly #waiting = new Set<Waiting>()
  #partial = ''
  #ended = false

  constructor(stream: Readable, name: string, describe: () => string) {
    this.#name = name
    this.#describe = describe
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => this.#add(text))
    stream.on('close', () => this.#end())
  }

  /** Everything so far, as it came. */
  get text(): string {
    return this.lines.map((line) => `${line}\n`).join('') + this.#partial
  }

  /** Each line as a JSON value; throws on a line that is none. */
  get json(): unknown[] {
    return this.lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line))
  }

  /** The first line that matches, past or future. A prompt without a line end matches as well. */
  line(pattern: RegExp, { milliseconds = 10_000, signal }: LineOptions = {}): Promise<RegExpExecArray> {
    for (const line of [...this.lines, this.#partial]) {
      const match = pattern.exec(line)
      if (match) return Promise.resolve(match)
    }
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        finish()
        reject(new Error(`no line of ${this.#name} matches ${pattern}, ${why}: ${this.#describe()}`))
      }
      const abort = (): void => fail('no longer wanted')
      const timer = setTimeout(() => fail(`waited ${milliseconds} ms`), milliseconds)
      const waiting: Waiting = {
        pattern,
        found: (match) => {
          finish()
          resolve(match)
        },
        ended: () => fail('and it has ended'),
      }
      const finish = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiting.delete(waiting)
      }
      this.#waiting.add(waiting)
      signal?.addEventListener('abort', abort)
      if (this.#ended) waiting.ended()
    })
  }

  #add(text: string): void {
    const lines = (this.#partial + text).split(/\r?\n/)
    this.#partial = lines.pop() ?? ''
    this.lines.push(...lines)
    for (const line of [...lines, this.#partial]) this.#offer(line)
  }

  #offer(line: string): void {
    for (const waiting of this.#waiting) {
      const match = waiting.pattern.exec(line)
      if (match) waiting.found(match)
    }
  }

  #end(): void {
    this.#ended = true
    if (this.#partial !== '') this.lines.push(this.#partial)
    this.#partial = ''
    for (const waiting of this.#waiting) waiting.ended()
  }
}
