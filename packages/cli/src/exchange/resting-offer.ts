import { unlink } from 'node:fs/promises'
import { type FileSelector, formatFileRange, formatFileSelector, parseFileDescription } from 'msrp/file'
import { SessionDescription } from 'msrp/sdp'
import type { Output } from '../terminal/output.ts'
import { isStandard, readDescriptionFile, writeDescription } from './description-file.ts'

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
  #written: string | undefined

  constructor(place: string, output: Output) {
    this.#place = place
    this.#output = output
  }

  /** What was confirmed of files when an offer was last in this place; nothing of files that have changed since. */
  async read(): Promise<(selector: FileSelector) => number> {
    const text = isStandard(this.#place) ? undefined : await readDescriptionFile(this.#place)
    const known = text === undefined ? new Map<string, number>() : confirmedIn(text)
    return (selector) => Math.min(known.get(keyOf(selector)) ?? 0, selector.size ?? 0)
  }

  /** Writes how far the files are, if that has changed. @throws MsrpError `storage` */
  async write(files: readonly Confirmed[]): Promise<void> {
    if (isStandard(this.#place)) return
    const text = describe(files.filter(({ bytes }) => bytes > 0))
    if (text === this.#written) return
    this.#written = text
    await writeDescription(this.#place, text, this.#output)
  }

  /** Everything has arrived: there is nothing to offer any more. */
  async remove(): Promise<void> {
    if (!isStandard(this.#place)) await unlink(this.#place).catch(() => {})
  }
}

/** Whether a description offers anything: has a section for MSRP that is not at rest. */
export function offersSomething(description: SessionDescription): boolean {
  return description.messages.some(({ port }) => port !== 0)
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
      if (selector !== undefined && range !== undefined) known.set(keyOf(selector), range.start - 1)
    }
  } catch {
    // Something else of that name, which the offer replaces.
  }
  return known
}

function keyOf({ name, hashes = [] }: FileSelector): string {
  return `${hashes.find(({ algorithm }) => algorithm === 'sha-256')?.digest} ${name}`
}
