import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package below node_modules that a program needs when it runs. */
export interface Module {
  /** Path from the root of the clone, such as `node_modules/pino-pretty/node_modules/sonic-boom`. */
  readonly path: string
  readonly name: string
  readonly version: string
  readonly license: string
}

interface Manifest {
  name: string
  version: string
  license?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** Types that packages list among what they need, though nothing of them runs. */
const notRun = /^(@types\/|undici-types$)/

/**
 * What the packages with these manifests need, and what that needs, found as Node finds it: in the nearest node_modules.
 * Those that `ours` names are left out.
 */
export function productionModules(root: string, manifests: readonly Manifest[], ours: ReadonlySet<string>): Module[] {
  const found = new Map<string, Module>()
  const visit = (manifest: Manifest, from: string): void => {
    const optional = manifest.optionalDependencies ?? {}
    for (const name of Object.keys({ ...manifest.dependencies, ...optional })) {
      if (ours.has(name) || notRun.test(name)) continue
      const path = resolve(root, from, name)
      if (path === undefined && name in optional) continue
      if (path === undefined) throw new Error(`${manifest.name} needs ${name}, which is not installed; run npm ci`)
      if (found.has(path)) continue
      const needed = readManifest(join(root, path))
      found.set(path, { path, name, version: needed.version, license: needed.license ?? 'unknown' })
      visit(needed, path)
    }
  }
  for (const manifest of manifests) visit(manifest, '')
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1))
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function resolve(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = join(folder, 'node_modules', name)
    if (existsSync(join(root, path, 'package.json'))) return path
    if (folder === '') return undefined
  }
}
