import { type ReferenceKey, type ReferenceTable, settingsReference } from '../packages/relay/src/config/reference.ts'

/** Characters of a line of the example file. */
const WIDTH = 120

/** The documents that say all settings of the relay, by their paths. */
export function settingsDocuments(): Record<string, string> {
  const tables = settingsReference()
  return { 'docs/relay-settings.md': page(tables), 'packages/relay/src/config/relay.example.toml': example(tables) }
}

function page(tables: readonly ReferenceTable[]): string {
  return `# Settings of the relay

<!-- Made by npm run settings from packages/relay/src/config; changes belong there. -->

Every key of the file that \`msrp relay --config FILE\` reads, in [TOML](https://toml.io). What is left out has its default,
so a file of your own needs only what differs. \`msrp relay check FILE\` says everything that is wrong in one, with its
line; \`msrp relay config\` prints what holds. A secret stands there as it is, or better as \`{ file = "PATH" }\`, the first
line of a file, or \`{ env = "VARIABLE" }\`. Relative paths count from the folder of the file. The same as an example:
[relay.example.toml](../packages/relay/src/config/relay.example.toml).

${tables.map(section).join('\n\n')}
`
}

function section({ heading, about, keys }: ReferenceTable): string {
  const title = heading === '' ? '## Before all tables' : `## \`${heading}\``
  const rows = keys.map(
    ({ name, expected, value, leftOut, about: what }) =>
      `| \`${name}\` | ${cell(what)} | ${cell(expected)} | ${value === undefined ? cell(leftOut ?? 'has to be given') : `\`${value}\``} |`,
  )
  return [
    title,
    ...(about === '' ? [] : ['', about]),
    '',
    '| key | what it is for | value | left out |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function example(tables: readonly ReferenceTable[]): string {
  const head = `Every setting of the relay with its default, made by npm run settings. A key that is left out keeps its default, so a file of your own needs only what differs: msrp relay --config relay.toml. Relative paths count from the folder of the file.`
  return `${comment(head)}\n\n${tables.map(exampleTable).join('\n\n')}\n`
}

function exampleTable({ heading, about, keys }: ReferenceTable): string {
  // A list of tables is empty unless somebody writes one; what stands in it is an example, like a key without a default.
  const isList = heading.startsWith('[[')
  const lines = keys.map((key) => exampleKey(key, isList))
  return [
    ...(about === '' ? [] : [comment(about)]),
    ...(heading === '' ? [] : [isList ? `# ${heading}` : heading]),
    ...lines,
  ].join('\n')
}

function exampleKey({ name, about, expected, leftOut, value, example }: ReferenceKey, isList: boolean): string {
  const whenLeftOut = value === undefined && leftOut !== undefined ? ` Default: ${leftOut}.` : ''
  const line =
    value === undefined || isList ? `# ${name} = ${value ?? example ?? `…  # ${expected}`}` : `${name} = ${value}`
  return `${comment(`${about}${whenLeftOut}`)}\n${line}`
}

/** As lines of comment, without the marks of Markdown. */
function comment(text: string): string {
  const lines: string[] = []
  let line = '#'
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\n')
}
