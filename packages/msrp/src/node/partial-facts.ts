import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { type FileSelector, formatFileSelector, parseFileSelector } from '../file/file-selector.ts'

/** What lies beside a file of which a part has arrived. */
export interface PartialFacts {
  readonly selector: FileSelector
  /** How many bytes from the first on are there; undefined when that is as many as the file has. */
  readonly stored: number | undefined
  /** The process that writes to it. */
  readonly process: number
}

/** Longest text that is read: nothing of ours comes near it. */
const MOST = 64 * 1024

/** Reads the facts; undefined when there are none, or none that can be used. */
export async function readFacts(path: string): Promise<PartialFacts | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > MOST) return undefined
    const { version, selector, stored, process: writer } = JSON.parse(text) as Record<string, unknown>
    if (version !== 1 || typeof selector !== 'string' || !Number.isSafeInteger(writer)) return undefined
    if (stored !== undefined && !(Number.isSafeInteger(stored) && Number(stored) >= 0)) return undefined
    const known = stored === undefined ? undefined : Number(stored)
    return { selector: parseFileSelector(selector), stored: known, process: Number(writer) }
  } catch {
    return undefined
  }
}

/** Replaces the facts in one step, so that a process that is killed leaves the old ones or the new ones. */
export async function writeFacts(path: string, { selector, stored, process: writer }: PartialFacts): Promise<void> {
  const facts = { version: 1, selector: formatFileSelector(selector), stored, process: writer }
  await writeFile(`${path}.new`, `${JSON.stringify(facts)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Takes them away. Never throws. */
export async function removeFacts(path: string): Promise<void> {
  await unlink(path).catch(() => {})
}
