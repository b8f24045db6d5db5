import { constructionLimit, type TestName, testsOf, verdicts } from './flaws.ts'
import type { Row, TableName } from './table.ts'

const titles: Record<TableName, string> = {
  rfc4975: 'RFC 4975, the Message Session Relay Protocol',
  rfc4976: 'RFC 4976, relays',
  rfc7977: 'RFC 7977, WebSocket',
  rfc6135: 'RFC 6135, who connects',
  rfc6714: 'RFC 6714, connections through middleboxes (CEMA)',
  rfc5547: 'RFC 5547, files',
  rfc3862: 'RFC 3862, message/cpim',
  rfc5438: 'RFC 5438, disposition notifications',
  rfc3994: 'RFC 3994, isComposing',
  rfc7701: 'RFC 7701, chat rooms',
  field: 'What the field sends, and gets wrong',
}

/** The text of docs/conformance.md. */
export function documentOf(tables: ReadonlyMap<TableName, readonly Row[]>, tests: readonly TestName[]): string {
  return `${[
    '# Conformance',
    'Every sentence of ten standards that asks for something, and what programs of other make send or get wrong:\nhow it is met here, and the tests that show it. Made from the tables in `conformance/` by `npm run conformance`.',
    totals(tables),
    ...[...tables].map(([name, rows]) =>
      name === 'field' ? fieldSection(rows, tests) : section(titles[name], rows, tests),
    ),
  ].join('\n\n')}\n`
}

function totals(tables: ReadonlyMap<TableName, readonly Row[]>): string {
  const shown = verdicts.filter((verdict) => [...tables.values()].flat().some((row) => row.verdict === verdict))
  const lines = [...tables].map(([name, rows]) => [
    titles[name],
    ...shown.map((verdict) => String(count(rows, verdict))),
    String(rows.length),
  ])
  const shares = [...tables].flatMap(([name, rows]) => {
    const absolute = rows.filter(({ level }) => level.startsWith('MUST'))
    if (absolute.length === 0) return []
    const part = count(absolute, 'by construction')
    return [`${part} of the ${absolute.length} MUST and MUST NOT of ${titles[name].split(',')[0]}`]
  })
  return [
    table(['', ...shown, 'rules'], lines),
    `By construction, where the code cannot do otherwise, are ${shares.join(' and ')} (at most ${constructionLimit * 100} %).`,
  ].join('\n\n')
}

function section(title: string, rows: readonly Row[], tests: readonly TestName[]): string {
  return [
    `## ${title}`,
    table(
      ['rule', 'level', 'asks', 'how it is met', 'shown by'],
      rows.map((row) => [
        row.id,
        row.level,
        row.asks,
        [row.verdict, row.why].filter(Boolean).join(': '),
        shownBy(row, tests),
      ]),
    ),
  ].join('\n\n')
}

/** The levels of the field's table, under headings for people. */
const fieldHeadings: readonly (readonly [level: string, heading: string, about: string])[] = [
  ['mistake', 'Mistakes that are not ours', 'what we do instead'],
  ['liberal', 'What is taken, though we would not send it', 'what is taken'],
  ['strict', 'What we hold to, because others count on it', 'what we do'],
]

function fieldSection(rows: readonly Row[], tests: readonly TestName[]): string {
  const parts = fieldHeadings.flatMap(([level, heading, about]) => {
    const shown = rows.filter((row) => row.level === level)
    if (shown.length === 0) return []
    const lines = shown.map((row) => [row.id, row.asks, row.why, shownBy(row, tests)])
    return [`### ${heading}`, table(['', about, 'why, and who is known for it', 'our tests'], lines)]
  })
  return [`## ${titles.field}`, ...parts].join('\n\n')
}

function shownBy(row: Row, tests: readonly TestName[]): string {
  if (row.verdict === 'by construction') return row.shownBy.map(link).join('<br>')
  if (row.verdict !== 'tested') return row.shownBy.join('<br>')
  return row.shownBy
    .map((file) => {
      const [first, ...others] = testsOf({ ...row, shownBy: [file] }, tests).map(({ name }) => name)
      return `${link(file)}: ${first}${others.length > 0 ? `, and ${others.length} more` : ''}`
    })
    .join('<br>')
}

function link(entry: string): string {
  return `[${entry}](../${entry.split('#')[0]})`
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heading, heading.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n')
}

function count(rows: readonly Row[], verdict: string): number {
  return rows.filter((row) => row.verdict === verdict).length
}
