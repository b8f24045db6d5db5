/** What of a package.json in the clone matters for publishing. */
export interface SourceManifest {
  name: string
  version: string
  scripts?: unknown
  bin?: Record<string, string>
  exports?: Record<string, string>
  dependencies?: Record<string, string>
}

/** The package.json as it is published: entry points lead to what the compiler built, with its types. */
export function publishedManifest({ scripts: _, ...manifest }: SourceManifest): Record<string, unknown> {
  const { bin, exports } = manifest
  return {
    ...manifest,
    ...(bin && { bin: mapValues(bin, (path) => built(path, '.js')) }),
    ...(exports && {
      exports: mapValues(exports, (path) => ({ types: built(path, '.d.ts'), default: built(path, '.js') })),
    }),
  }
}

/** The packages are released together: each has the same version, and wants exactly that one of the others. */
export function versionConflicts(manifests: readonly SourceManifest[]): string[] {
  const version = manifests[0]?.version
  const names = new Set(manifests.map(({ name }) => name))
  return manifests.flatMap((manifest) => [
    ...(manifest.version === version ? [] : [`${manifest.name} is ${manifest.version}, others ${version}`]),
    ...Object.entries(manifest.dependencies ?? {})
      .filter(([name, wanted]) => names.has(name) && wanted !== version)
      .map(([name, wanted]) => `${manifest.name} wants ${name} ${wanted}, which is ${version}`),
  ])
}

/** `./src/wire/index.ts` → `./dist/wire/index.js` */
function built(path: string, extension: '.js' | '.d.ts'): string {
  const match = /^\.\/src\/(.+)\.ts$/.exec(path)
  if (!match) throw new Error(`an entry point must be ./src/….ts, not ${path}`)
  return `./dist/${match[1]}${extension}`
}

function mapValues<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
