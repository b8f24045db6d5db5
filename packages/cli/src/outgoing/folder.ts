import { access, constants, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { MsrpError } from 'msrp'
import { unreadable } from 'msrp/node'

/** Files that one command sends of folders: more of them are quicker in an archive. */
const MOST_FILES = 10_000

/** Of so many files it is said by name that they cannot be read. */
const MOST_NAMED = 5

/** What a command line names for sending, folders opened out. */
export interface ToSend {
  readonly path: string
  /** What the receiver is told, for a file out of a folder; undefined: the file's own name. */
  readonly name?: string
}

/** What is in a folder and is not sent. */
export interface LeftOut {
  hidden: number
  links: number
  /** Devices, pipes and sockets. */
  special: number
}

/**
 * Puts in place of each folder the regular files below it, in the order of their names. A file out of a folder is called
 * `folder - sub - name`: a name cannot have folders in it (RFC 5547 §6), and so those of a folder stay together, apart from
 * others and in order. What is hidden is left out, and so are links, which may lead anywhere.
 * @param most files of folders, and no more
 * @throws MsrpError `file-unreadable` that names what cannot be read, also for folders without files; `invalid-argument` for
 *   too many files
 */
export async function openFolders(
  paths: readonly string[],
  most: number = MOST_FILES,
): Promise<{ files: ToSend[]; leftOut: LeftOut }> {
  const files: ToSend[] = []
  const leftOut: LeftOut = { hidden: 0, links: 0, special: 0 }
  const closed: string[] = []
  for (const path of paths) {
    if (path === '-' || !(await isFolder(path))) {
      files.push({ path })
      continue
    }
    const before = files.length
    await open(path, [basename(resolve(path)) || 'folder'], { files, leftOut, closed, most })
    if (files.length === before && closed.length === 0) throw empty(path, leftOut)
  }
  if (closed.length > 0) throw unreadableAmong(closed)
  return { files, leftOut }
}

async function open(
  folder: string,
  words: readonly string[],
  found: { files: ToSend[]; leftOut: LeftOut; closed: string[]; most: number },
): Promise<void> {
  const { files, leftOut, closed, most } = found
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) {
    closed.push(folder + sep)
    return
  }
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) leftOut.hidden++
    else if (entry.isSymbolicLink()) leftOut.links++
    else if (entry.isDirectory()) await open(path, [...words, entry.name], found)
    else if (!entry.isFile()) leftOut.special++
    else if (files.length >= most) throw tooMany(most)
    else if (await isReadable(path)) files.push({ path, name: nameOfWords([...words, entry.name]) })
    else closed.push(path)
  }
}

/** What was left out, for people; undefined when nothing was. */
export function describeLeftOut({ hidden, links, special }: LeftOut): string | undefined {
  const parts = [
    count(hidden, 'hidden', 'hidden'),
    count(links, 'symbolic link', 'symbolic links'),
    count(special, 'device, pipe or socket', 'devices, pipes or sockets'),
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : `left out: ${parts.join(', ')}`
}

function count(number: number, one: string, several: string): string | undefined {
  return number === 0 ? undefined : `${number} ${number === 1 ? one : several}`
}

// What is missing, or cannot be looked at, shows when it is opened.
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

function empty(path: string, leftOut: LeftOut): MsrpError {
  const more = describeLeftOut(leftOut)
  return unreadable(path, new Error(`there is no file in this folder${more === undefined ? '' : ` (${more})`}`))
}

function unreadableAmong(paths: readonly string[]): MsrpError {
  const named = paths.slice(0, MOST_NAMED).join(', ')
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''
  return new MsrpError('file-unreadable', `cannot read ${named}${more}: no permission. Nothing was sent`)
}

function tooMany(most: number): MsrpError {
  const text = `there are more than ${most} files: make an archive of them, such as tar cz folder | msrp send -`
  return new MsrpError('invalid-argument', text)
}

/** What a file out of a folder is called at the other end, by its path, such as `album/a.txt`. */
export function nameOfPath(path: string): string {
  return nameOfWords(path.split(/[/\\]/).filter((word) => word !== '' && word !== '.'))
}

function nameOfWords(words: readonly string[]): string {
  return words.join(' - ')
}
