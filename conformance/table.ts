import { readFileSync } from 'node:fs'

/** The tables of this folder, in the order in which they are shown to readers. */
export const tableNames = [
  'rfc4975',
  'rfc4976',
  'rfc7977',
  'rfc6135',
  'rfc6714',
  'rfc5547',
  'rfc3862',
  'rfc5438',
  'rfc3994',
  'rfc7701',
  'field',
] as const
export type TableName = (typeof tableNames)[number]

const columns = ['id', 'level', 'asks', 'verdict', 'shown by', 'why'] as const

/** One rule: what it asks, how it is met, and what shows it. README.md says what may stand in each column. */
export interface Row {
  id: string
  level: string
  asks: string
  verdict: string
  /** What the verdict names: test files, `file#name` of a declaration, or the role that the rule speaks to. */
  shownBy: readonly string[]
  /** Why the rule is met this way, or not followed; empty when there is nothing to say. */
  why: string
}

export function readTable(name: TableName): Row[] {
  return parseTable(readFileSync(new URL(`./${name}.tsv`, import.meta.url), 'utf8'), `conformance/${name}.tsv`)
}

/** @throws Error that names the line when the columns are not those of a table. */
export function parseTable(text: string, source: string): Row[] {
  const [heading, ...lines] = text.replace(/\n$/, '').split('\n')
  if (heading !== columns.join('\t')) throw new Error(`${source}:1: the columns are not ${columns.join(', ')}`)
  return lines.map((line, index) => {
    const [id, level, asks, verdict, shownBy, why, ...rest] = line.split('\t')
    if (!id || !level || why === undefined || rest.length > 0) {
      throw new Error(`${source}:${index + 2}: ${columns.length} columns expected, between them one tab each`)
    }
    return {
      id,
      level,
      asks: asks ?? '',
      verdict: verdict ?? '',
      shownBy: (shownBy ?? '').split(';').flatMap((entry) => entry.trim() || []),
      why,
    }
  })
}
