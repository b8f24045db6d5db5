import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** The files of a Debian package before they are packed, in a folder that stands for `/`, and `DEBIAN` in it. */
export class PackageTree {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  put(path: string, content: string | Uint8Array, mode = 0o644): void {
    const target = this.at(path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
    chmodSync(target, mode)
  }

  /** Copies a folder; `leaveOut` gets paths below it. */
  copy(from: string, path: string, leaveOut: (path: string) => boolean): void {
    cpSync(from, this.at(path), {
      recursive: true,
      dereference: true,
      filter: (source) => !leaveOut(source.slice(from.length + 1)),
    })
  }

  makeFolder(path: string): void {
    mkdirSync(this.at(path), { recursive: true })
  }

  remove(path: string): void {
    rmSync(this.at(path), { recursive: true, force: true })
  }

  at(path: string): string {
    return join(this.folder, path)
  }

  /** Files that are installed, by their paths without the first `/`, in order. */
  files(): string[] {
    return this.#paths().filter((path) => !path.startsWith('DEBIAN') && lstatSync(this.at(path)).isFile())
  }

  /** What `md5sums` holds: dpkg tells by it whether a file is still what it was. Those that are to be changed are left out. */
  checksums(changed: ReadonlySet<string>): string {
    const lines = this.files()
      .filter((path) => !changed.has(path))
      .map(
        (path) =>
          `${createHash('md5')
            .update(readFileSync(this.at(path)))
            .digest('hex')}  ${path}\n`,
      )
    return lines.join('')
  }

  /** Sum of all files, in units of 1024 bytes, a folder counting as one. */
  get size(): number {
    return this.#paths().reduce((sum, path) => {
      const facts = lstatSync(this.at(path))
      return sum + (facts.isFile() ? Math.ceil(facts.size / 1024) : 1)
    }, 0)
  }

  /** Takes away what the umask, the clock and the tarballs of others have left: permissions and times are the same everywhere. */
  evenOut(date: Date): void {
    chmodSync(this.folder, 0o755)
    utimesSync(this.folder, date, date)
    for (const path of this.#paths()) {
      const { mode } = lstatSync(this.at(path))
      // Of what others bring nothing is called as a program; our own files have got theirs already.
      const executable = /^(usr\/bin\/|DEBIAN\/p|usr\/lib\/msrp-relay\/node$)/.test(path)
      chmodSync(this.at(path), (mode & 0o040000) !== 0 || executable ? 0o755 : 0o644)
      // What dpkg-deb is told by SOURCE_DATE_EPOCH is the latest time; earlier ones it leaves.
      utimesSync(this.at(path), date, date)
    }
  }

  #paths(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).sort()
  }
}
