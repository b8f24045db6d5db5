import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { storageError } from './storage-error.ts'

/** Only the owner reads and writes: keys, passwords, the user database. */
export const ownerOnly = 0o600
/** Everybody may read: certificates, which are public. */
export const readableByAll = 0o644

/**
 * Creates `path` with `content`, whole or not at all. When the file exists already, also when another process creates
 * it at this moment, that file stays and the result is false.
 * @param mode permissions, such as {@link ownerOnly}
 * @throws MsrpError `storage`, naming the file and the reason
 */
export async function createFile(path: string, content: string, mode: number): Promise<boolean> {
  const temporary = await writeBeside(path, content, mode)
  try {
    return await giveName(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Puts `content` at `path`, in place of what is there. A reader, or a start after a crash, finds the old content or
 * the new, never a part.
 * @param mode permissions, such as {@link ownerOnly}
 * @throws MsrpError `storage`, naming the file and the reason
 */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, content, mode)
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw storageError(error, 'write', path)
  }
}

/**
 * Gives a finished file its name unless the name is taken; then the result is false.
 * @throws MsrpError `storage`
 */
export async function giveName(temporary: string, path: string): Promise<boolean> {
  try {
    // A hard link, unlike a rename, fails when the name is taken: of two processes that start at once exactly one wins.
    await link(temporary, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') {
      throw storageError(error, 'write', path)
    }
  }
  // A file system without hard links (exFAT, some network mounts): the gap between the two steps cannot be closed there.
  if (await exists(path)) return false
  try {
    await rename(temporary, path)
    return true
  } catch (error) {
    throw storageError(error, 'write', path)
  }
}

/** A name beside `path` that no other process uses, on the same file system. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${randomBytes(9).toString('base64url')}.tmp`)
}

/**
 * True when something has that name.
 * @throws MsrpError `storage` when that cannot be told
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw storageError(error, 'read', path)
  }
}

async function writeBeside(path: string, content: string, mode: number): Promise<string> {
  const temporary = temporaryName(path)
  try {
    await using file = await open(temporary, 'wx', mode)
    // The umask may have taken permissions away that a certificate is meant to have.
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw storageError(error, 'write', path)
  }
  return temporary
}
