import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { storageError } from './storage-error.ts'

/**
 * Makes a folder for its owner alone, and those above it, if it is missing. One that is there keeps its permissions.
 * @throws MsrpError `storage`
 */
export async function ensureFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return
  // Step by step, since Node's own `recursive` reports ENOENT where the truth is a read-only file system.
  if (dirname(folder) !== folder) await ensureFolder(dirname(folder))
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    if (!(await isFolder(folder))) throw storageError(error, 'create', folder)
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
