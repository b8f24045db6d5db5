import { randomBytes } from 'node:crypto'
import { rename, unlink, writeFile } from 'node:fs/promises'
import { readSmallFile } from './small-file.ts'

/** What lies beside a file of which a part has arrived. */
export interface PartialFacts {
  /** How many bytes from the first on are there; undefined when that is as many as the file has. */
  readonly stored: number | undefined
}

/** Reads the facts; undefined when there are none, or none that can be used. */
export async function readFacts(path: string): Promise<PartialFacts | undefined> {
  try {
    const { version, stored } = JSON.parse(await readSmallFile(path)) as Record<string, unknown>
    if (version !== 1) return undefined
    if (stored !== undefined && !(Number.isSafeInteger(stored) && Number(stored) >= 0)) return undefined
    return { stored: stored === undefined ? undefined : Number(stored) }
  } catch {
    return undefined
  }
}

/** Replaces the facts in one step, so that a process that is killed leaves the old ones or the new ones. */
export async function writeFacts(path: string, { stored }: PartialFacts): Promise<void> {
  // A name that nobody can know, and a new file: others may be able to put links into the folder.
  const fresh = `${path}.${randomBytes(12).toString('base64url')}`
  await writeFile(fresh, `${JSON.stringify({ version: 1, stored })}\n`, { flag: 'wx', mode: 0o600 })
  try {
    await rename(fresh, path)
  } catch (cause) {
    await unlink(fresh).catch(() => {})
    throw cause
  }
}

/** Takes them away. Never throws. */
export async function removeFacts(path: string): Promise<void> {
  await unlink(path).catch(() => {})
}
