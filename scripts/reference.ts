// npm run reference: makes the pages in docs/api from the docstrings of everything that the packages export. Without
// --write it only says which pages are not up to date.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PublicModules } from './reference/entry-points.ts'
import { REFERENCE_FOLDER, referencePages } from './reference/page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
const pages = referencePages(new PublicModules())

const folder = join(root, REFERENCE_FOLDER)
mkdirSync(folder, { recursive: true })
const there = readdirSync(folder)
for (const file of there.filter((file) => !Object.hasOwn(pages, `${REFERENCE_FOLDER}/${file}`))) {
  if (values.write) rmSync(join(folder, file))
  else outdated(`${REFERENCE_FOLDER}/${file} is about nothing that exists`)
}
for (const [path, content] of Object.entries(pages)) {
  if (values.write) writeFileSync(join(root, path), content)
  else if (!there.some((file) => path.endsWith(`/${file}`)) || readFileSync(join(root, path), 'utf8') !== content)
    outdated(`${path} does not say what the sources say`)
}

function outdated(why: string): void {
  console.error(`${why}; run: npm run reference`)
  process.exitCode = 1
}
