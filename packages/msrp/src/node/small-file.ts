import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Longest file that is read: nothing of ours comes near it. Bytes. */
const MOST = 64 * 1024

/**
 * Reads a small text file of ours from a folder in which others may have put something else under its name: no link is
 * followed, no pipe waited for, no device read, and no large file.
 * @throws the platform's error, or an error that says what it is instead
 */
export async function readSmallFile(path: string): Promise<string> {
  // Neither flag is there on Windows.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const facts = await file.stat()
  if (!facts.isFile() || facts.size > MOST) throw new Error(`${path} is no small regular file`)
  const bytes = Buffer.alloc(MOST)
  const { bytesRead } = await file.read(bytes, 0, MOST, 0)
  return bytes.toString('utf8', 0, bytesRead)
}
