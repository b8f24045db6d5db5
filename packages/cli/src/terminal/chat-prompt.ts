import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import type { ProgressArea, ShownProgress } from './bars.ts'
import { displayWidth, fit, type ProgressState } from './progress-line.ts'
import { formatRate } from './units.ts'

const PROMPT = 'you> '
/** Pause between two redrawings for progress, in milliseconds. */
const REDRAW_EVERY = 250

/**
 * The line at the bottom of a terminal in which a person types while messages appear above it. Files under way are
 * shown in front of the prompt, so that both share the line.
 */
export class ChatPrompt implements ProgressArea {
  readonly active = true
  readonly lines: AsyncIterable<string>
  readonly #readline: Interface
  readonly #stream: NodeJS.WriteStream
  readonly #files = new Set<{ state: ProgressState }>()
  #redraw: NodeJS.Timeout | undefined
  #closed = false

  /** @param stream the terminal to draw on */
  constructor(stream: NodeJS.WriteStream, commands: readonly string[]) {
    this.#stream = stream
    this.#readline = createInterface({
      input: process.stdin,
      output: stream,
      prompt: PROMPT,
      terminal: true,
      completer: (line: string) => complete(line, commands),
    })
    // What was typed stays on the screen as it was sent, without the state of files in front of it. Before readline: it
    // ends the line.
    process.stdin.prependListener('keypress', (_text: string, key?: { name?: string }) => {
      if (key?.name === 'return' || key?.name === 'enter') this.#show([])
    })
    // The terminal is in raw mode: Ctrl-C is a key here, and no signal.
    this.#readline.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    this.#readline.on('close', () => {
      this.#closed = true
      clearTimeout(this.#redraw)
      this.#clear()
    })
    this.lines = promptAfterEach(this.#readline)
    this.#readline.prompt()
  }

  start(state: ProgressState): ShownProgress {
    const file = { state }
    this.#files.add(file)
    this.#redrawSoon()
    return {
      update: (next) => {
        file.state = next
        this.#redrawSoon()
      },
      end: () => {
        this.#files.delete(file)
        this.#redrawSoon()
      },
    }
  }

  print(text: string): void {
    if (this.#closed) {
      this.#stream.write(text)
      return
    }
    this.#clear()
    this.#stream.write(text)
    this.#show(this.#files, 0)
  }

  stop(): void {
    if (!this.#closed) this.#readline.close()
  }

  #clear(): void {
    moveCursor(this.#stream, 0, -this.#readline.getCursorPos().rows)
    cursorTo(this.#stream, 0)
    clearScreenDown(this.#stream)
  }

  #redrawSoon(): void {
    if (this.#redraw !== undefined || this.#closed) return
    this.#redraw = setTimeout(() => {
      this.#redraw = undefined
      this.#show()
    }, REDRAW_EVERY)
  }

  /** @param rows of the screen that the prompt takes now, above the cursor's */
  #show(
    states: Iterable<{ state: ProgressState }> = this.#files,
    rows: number = this.#readline.getCursorPos().rows,
  ): void {
    if (this.#closed) return
    tellRows(this.#readline, rows)
    const files = [...states].map(({ state }) => describe(state))
    const room = Math.max(20, Math.floor((this.#stream.columns || 80) * 0.6))
    const shown = files.length === 0 ? '' : `[${fit(files.join(', '), room - 3)}] `
    this.#readline.setPrompt(`${shown}${PROMPT}`)
    this.#readline.prompt(true)
  }
}

async function* promptAfterEach(readline: Interface): AsyncGenerator<string> {
  for await (const line of readline) {
    readline.prompt()
    yield line
  }
}

// Node clears as many rows above the cursor as it drew last time. It does not count those that a pasted text has added,
// and does not know of those that are text to be kept by now.
function tellRows(readline: Interface, rows: number): void {
  if ('prevRows' in readline) readline.prevRows = rows
}

function describe({ label, bytes, total, bytesPerSecond, remark }: ProgressState): string {
  const share = total === undefined || total === 0 ? '' : ` ${Math.floor((bytes / total) * 100)} %`
  const name = displayWidth(label) > 20 ? fit(label, 20) : label
  return `${name}${share} ${remark ?? formatRate(bytesPerSecond)}`
}

function complete(line: string, commands: readonly string[]): [string[], string] {
  const file = /^\/send\s+(.*)$/.exec(line)?.[1]
  if (file === undefined) {
    return line.startsWith('/') ? [commands.filter((command) => command.startsWith(line)), line] : [[], line]
  }
  try {
    const folder = file === '' || file.endsWith('/') ? file : dirname(file)
    const begin = file === '' || file.endsWith('/') ? '' : basename(file)
    const found = readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter(({ name }) => name.startsWith(begin) && (begin.startsWith('.') || !name.startsWith('.')))
      .map((entry) => {
        const path =
          file.startsWith('./') || dirname(file) !== '.' || file.endsWith('/') ? join(folder, entry.name) : entry.name
        return entry.isDirectory() ? `${path}/` : path
      })
    return [found, file]
  } catch {
    return [[], file]
  }
}
