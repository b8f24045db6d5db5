import { mkdir } from 'node:fs/promises'
import { storageError } from './storage-error.ts'

/**
 * Makes the state folder, for its owner alone, if it is missing. One that is there keeps its permissions.
 * @throws MsrpError `storage`
 */
export async function ensureFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw storageError(error, 'create', folder)
  }
}
