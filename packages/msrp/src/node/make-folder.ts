import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from './socket-error.ts'

/**
 * Makes a folder, and those above it, unless they are there. What is there already and is no folder shows when it is used.
 * @throws the platform's error
 */
export async function makeFolder(path: string): Promise<void> {
  // Node's own recursive mkdir never returns below /proc and the like, where nothing can be made.
  try {
    await mkdir(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path || (await isFolder(dirname(path)))) throw error
    await makeFolder(dirname(path))
    // Somebody else may have made it meanwhile.
    await makeFolder(path)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
}
