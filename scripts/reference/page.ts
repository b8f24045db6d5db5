import { posix } from 'node:path'
import { declarationLines } from './declaration.ts'
import type { EntryPoint, ExportedName, PublicModules } from './entry-points.ts'
import { guideOfEntryPoint } from './guides.ts'
import type { Module } from './module.ts'
import { type Addresses, prose } from './text.ts'

/** Where the pages are, from the root of the clone. */
export const REFERENCE_FOLDER = 'docs/api'

const notice = '<!-- Made by npm run reference from the docstrings in packages/*/src; changes belong there. -->'
const groups = ['Functions', 'Classes', 'Types', 'Constants'] as const

type Guides = Readonly<Record<string, string>>

/** What a page describes, in its order, each under a heading with this anchor. */
interface Entry extends ExportedName {
  readonly group: (typeof groups)[number]
  readonly anchor: string
}

/** The pages of the reference, by their paths: one for each entry point that exports anything, and one that lists them. */
export function referencePages(modules: PublicModules, guides: Guides = guideOfEntryPoint): Record<string, string> {
  const described = modules.entryPoints.filter(({ names }) => names.length > 0)
  const entries = new Map(described.map((entryPoint) => [entryPoint.name, entriesOf(entryPoint)]))
  const pages = described.map((entryPoint) => {
    const addresses = addressesFrom(entryPoint.name, entries, modules)
    return [
      `${REFERENCE_FOLDER}/${fileOf(entryPoint.name)}`,
      page(entryPoint, guideLink(entryPoint.name, guides), entries.get(entryPoint.name) ?? [], addresses),
    ]
  })
  return Object.fromEntries([[`${REFERENCE_FOLDER}/README.md`, index(described, guides)], ...pages])
}

function index(entryPoints: readonly EntryPoint[], guides: Guides): string {
  const rows = entryPoints.map(
    ({ name, module }) =>
      `| [\`${name}\`](${fileOf(name)}) | ${firstSentence(module.about ?? '')} | ${guideLink(name, guides)} |`,
  )
  return `# API reference

${notice}

All that the packages export, by the name it is imported from.

| import from | what it is | |
|---|---|---|
${rows.join('\n')}
`
}

function page(
  { name, module, names }: EntryPoint,
  guide: string,
  entries: readonly Entry[],
  addresses: Addresses,
): string {
  const contents = groups.flatMap((group) => {
    const links = entries.filter((entry) => entry.group === group).map(({ name, anchor }) => `[${name}](#${anchor})`)
    return links.length === 0 ? [] : [`**${group}:** ${links.join(', ')}`]
  })
  const sections = groups.flatMap((group) => {
    const described = entries.filter((entry) => entry.group === group)
    return described.length === 0 ? [] : [`## ${group}`, ...described.flatMap((entry) => section(entry, addresses))]
  })
  return `${[
    `# ${name}`,
    notice,
    ...(module.about === undefined ? [] : [prose(module.about, module, addresses)]),
    `${guide} · [all entry points](README.md)`,
    ...contents,
    ...borrowed(name, names, addresses),
    ...sections,
  ].join('\n\n')}\n`
}

/** Names that this entry point exports as well and another one describes. */
function borrowed(name: string, names: readonly ExportedName[], addresses: Addresses): string[] {
  const others = new Map<string, string[]>()
  for (const { name: exported, origin, home } of names) {
    if (home === name) continue
    const link = `[${exported}](${addresses.ofName(origin.module, origin.local)})`
    others.set(home, [...(others.get(home) ?? []), link])
  }
  return [...others].map(([home, links]) => `**As in [${home}](${fileOf(home)}):** ${links.join(', ')}`)
}

function section({ name, origin, declarations }: Entry, addresses: Addresses): string[] {
  return [`### ${name}`, ...declarations.flatMap((one) => declarationLines(one, origin.module, addresses))]
}

function entriesOf({ name: entryPoint, names }: EntryPoint): Entry[] {
  const own = names
    .filter(({ home }) => home === entryPoint)
    .map((one) => ({ ...one, group: groupOf(one) }))
    .sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || a.name.localeCompare(b.name, 'en'))
  // As forges make anchors of headings: lower case, and numbered where that makes two of them the same.
  const taken = new Map<string, number>(groups.map((group) => [group.toLowerCase(), 1]))
  taken.set(slug(entryPoint), 1)
  return own.map((one) => {
    const anchor = slug(one.name)
    const before = taken.get(anchor) ?? 0
    taken.set(anchor, before + 1)
    return { ...one, anchor: before === 0 ? anchor : `${anchor}-${before}` }
  })
}

function groupOf({ declarations }: ExportedName): Entry['group'] {
  const type = declarations[0]?.node.type
  if (type === 'TSDeclareFunction') return 'Functions'
  if (type === 'ClassDeclaration') return 'Classes'
  return type === 'VariableDeclaration' ? 'Constants' : 'Types'
}

function addressesFrom(
  entryPoint: string,
  all: ReadonlyMap<string, readonly Entry[]>,
  modules: PublicModules,
): Addresses {
  const byOrigin = new Map<string, string>()
  const byName = new Map<string, string[]>()
  for (const [home, entries] of all) {
    for (const { name, origin, anchor } of entries) {
      const address = home === entryPoint ? `#${anchor}` : `${fileOf(home)}#${anchor}`
      byOrigin.set(`${origin.module.path}#${origin.local}`, address)
      byName.set(name, [...(byName.get(name) ?? []), address])
    }
  }
  const ofName = (module: Module, name: string): string | undefined => {
    const origin = modules.resolve(module, name)
    return origin && byOrigin.get(`${origin.module.path}#${origin.local}`)
  }
  const ofWord = (module: Module, word: string): string | undefined => {
    const known = ofName(module, word)
    if (known !== undefined || !/^[A-Z]/.test(word)) return known
    // A docstring may speak of what its module does not import.
    const addresses = byName.get(word) ?? []
    return addresses.find((address) => address.startsWith('#')) ?? (addresses.length === 1 ? addresses[0] : undefined)
  }
  return { ofName, ofWord, namesHidden: (module, piece) => modules.namesHidden(module, piece) }
}

function guideLink(entryPoint: string, guides: Guides): string {
  const guide = guides[entryPoint]
  if (guide === undefined) throw new Error(`${entryPoint} has no guide: name it in scripts/reference/guides.ts`)
  return `[guide](${posix.relative(REFERENCE_FOLDER, guide)})`
}

function fileOf(entryPoint: string): string {
  return `${entryPoint.replaceAll('/', '-')}.md`
}

function slug(heading: string): string {
  return heading.toLowerCase().replace(/[^\w-]/g, '')
}

function firstSentence(text: string): string {
  const [sentence = ''] = /^[\s\S]*?\.(?=\s|$)/.exec(text) ?? [text]
  return sentence.replace(/\s+/g, ' ').replaceAll('|', '\\|')
}
