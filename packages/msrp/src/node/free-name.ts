import { link, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { errorCode } from './socket-error.ts'

/** Codes with which file systems without hard links answer (exFAT, some network and user-space file systems). */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Gives a finished file its final name and takes the temporary one away. An existing file stays as it is, also one that
 * appears at the same moment; then the call throws EEXIST and the temporary file is still there.
 */
export async function giveName(temporary: string, path: string): Promise<void> {
  try {
    // A link, unlike a rename, fails when the name is taken.
    await link(temporary, path)
  } catch (cause) {
    if (!NO_LINKS.has(errorCode(cause))) throw cause
    // Without links: the name is taken with an empty file that only one can create, and that one is replaced.
    await (await open(path, 'wx', 0o600)).close()
    try {
      await rename(temporary, path)
    } catch (failure) {
      await unlink(path).catch(() => {})
      throw failure
    }
    return
  }
  await unlink(temporary)
}

/** `photo.jpg`, `photo (2).jpg`, `photo (3).jpg` … in the same folder; 1000 names at most. */
export function* numberedNames(path: string): Generator<string, void> {
  yield path
  const extension = extname(path)
  const stem = basename(path, extension)
  for (let number = 2; number <= 1000; number++) yield join(dirname(path), `${stem} (${number})${extension}`)
}
