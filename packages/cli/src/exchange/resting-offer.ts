import { stat } from 'node:fs/promises'
import { type FileSelector, formatFileRange, formatFileSelector, parseFileDescription } from 'msrp/file'
import { SessionDescription } from 'msrp/sdp'
import type { Output } from '../terminal/output.ts'
import { isStandard, readDescriptionFile, removeDescription, writeDescription } from './description-file.ts'

/** How much of a file the receiver has confirmed. */
export interface Confirmed {
  readonly selector: FileSelector
  /** Bytes, from the first on. */
  readonly bytes: number
}

/**
 * What an offer leaves behind in its file as soon as it has been answered: the files with the ranges that are missing, and
 * port 0 everywhere, since there is no session. So the same command offers the rest next time, also after this process was
 * killed, and a receiver that looks too early sees that nothing is offered.
 */
export class RestingOffer {
  readonly #place: string
  readonly #output: Output
  /** What is there, as far as this command knows. */
  #text: string | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(place: string, output: Output) {
    this.#place = place
    this.#output = output
  }

  /**
   * What was confirmed of files when an offer was last in this place; nothing of files that have changed since, and nothing
   * where others can write: whoever says that a file was delivered keeps it from being sent.
   */
  async read(): Promise<(selector: FileSelector) => number> {
    this.#text = isStandard(this.#place) ? undefined : await readDescriptionFile(this.#place)
    const known = this.#text === undefined ? new Map<string, number>() : confirmedIn(this.#text)
    if (known.size > 0 && !(await isOurs(this.#place))) {
      this.#output.warn(`others can write ${this.#place}, so what it says of earlier transfers is not believed`)
      return () => 0
    }
    return (selector) => known.get(keyOf(selector)) ?? 0
  }

  /** Gives the offer itself to the other side. @throws MsrpError `storage` */
  async offer(text: string): Promise<void> {
    this.#text = text
    await writeDescription(this.#place, text, this.#output)
  }

  /** Writes how far the files are, if that has changed. @throws MsrpError `storage` */
  async write(files: readonly Confirmed[]): Promise<void> {
    if (isStandard(this.#place)) return
    const text = describe(files.filter(({ bytes }) => bytes > 0))
    if (text === this.#text) return this.#writing
    this.#text = text
    this.#writing = this.#writing.catch(() => {}).then(() => writeDescription(this.#place, text, this.#output))
    await this.#writing
  }

  /** Everything has arrived: there is nothing to offer any more. */
  async remove(): Promise<void> {
    await this.#writing.catch(() => {})
    if (this.#text !== undefined) await removeDescription(this.#place, this.#text)
  }
}

/** Whether nobody else can have written a file, as far as this system tells. */
async function isOurs(place: string): Promise<boolean> {
  const { uid, mode } = await stat(place)
  const own = process.getuid?.()
  return own === undefined || (uid === own && (mode & 0o022) === 0)
}

function describe(files: readonly Confirmed[]): string {
  const head = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'i=At rest. The same command offers what is missing', 't=0 0']
  const sections = files.flatMap(({ selector, bytes }) => [
    'm=message 0 TCP/MSRP *',
    `a=file-selector:${formatFileSelector(selector)}`,
    `a=file-range:${formatFileRange({ start: bytes + 1 })}`,
  ])
  return [...head, ...sections, ''].join('\r\n')
}

function confirmedIn(text: string): Map<string, number> {
  const known = new Map<string, number>()
  try {
    for (const section of SessionDescription.parse(text).messages) {
      // The range of an offer that was never answered says the same: it began behind what was confirmed.
      const { selector, range } = parseFileDescription(section) ?? {}
      if (selector?.size === undefined || range === undefined) continue
      const confirmed = range.start - 1
      // Only what is at rest was delivered whole: nobody offers the rest of a file that has none.
      if (confirmed < selector.size || (confirmed === selector.size && section.port === 0)) {
        known.set(keyOf(selector), confirmed)
      }
    }
  } catch {
    // Something else of that name, which the offer replaces.
  }
  return known
}

function keyOf({ name, size, hashes = [] }: FileSelector): string {
  return `${hashes.find(({ algorithm }) => algorithm === 'sha-256')?.digest} ${size} ${name}`
}
