import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { repositoryRoot } from './repository.ts'

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git', 'state'])

/** All files below a folder (or the one file) of the clone, as paths from its root with `/`; generated ones left out. */
export function filesBelow(path: string): string[] {
  const full = join(repositoryRoot, path)
  const found = statSync(full, { throwIfNoEntry: false })
  if (!found) return []
  if (!found.isDirectory()) return [path]
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)).split(sep))
    .filter((parts) => !parts.some((part) => notOurs.has(part)))
    .map((parts) => parts.join('/'))
    .sort()
}

/** The text of a file of the clone. */
export function readText(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}
