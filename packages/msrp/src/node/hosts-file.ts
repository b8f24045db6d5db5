import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'

/** Where the machine keeps names of its own. */
const PATH =
  process.platform === 'win32'
    ? join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts')
    : '/etc/hosts'

/** The machine's hosts file, read again when it has changed. One that cannot be read knows no names. */
export class HostsFile {
  readonly #path: string
  #version = ''
  #names: ReadonlyMap<string, readonly string[]> = new Map()

  constructor(path: string = PATH) {
    this.#path = path
  }

  /** The addresses of a name (lower case) in the order of the file; empty when it is not there. */
  async addresses(name: string): Promise<readonly string[]> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path)
      const version = `${mtimeMs} ${size} ${ino}`
      if (version !== this.#version) {
        this.#names = namesIn(await readFile(this.#path, 'utf8'))
        this.#version = version
      }
    } catch {
      this.#names = new Map()
      this.#version = ''
    }
    return this.#names.get(name) ?? []
  }
}

function namesIn(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of new Set(rest.map((one) => one.toLowerCase()))) {
      const known = names.get(name)
      if (known === undefined) names.set(name, [address])
      else if (!known.includes(address)) known.push(address)
    }
  }
  return names
}
