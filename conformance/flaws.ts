import { type Row, type TableName, tableNames } from './table.ts'

/** How a rule can be met. The field's table knows `tested` alone. */
export const verdicts = ['tested', 'by construction', 'not applicable'] as const

/** Whom a rule can speak to when it does not speak to an endpoint or a relay. */
export const otherRoles = [
  'rendezvous mechanism',
  'author of a specification',
  'administrator',
  'gateway to CPIM',
  'application with S/MIME',
  'application',
  'user interface',
  'SIP user agent',
  'middlebox',
  'chat room',
  'intermediary of instant messages',
] as const

/** Not more of the absolute rules than this may rest on the code alone. */
export const constructionLimit = 0.15

/** A test as its run reported it. */
export interface TestName {
  /** Path from the root of the clone. */
  file: string
  /** Names of the groups around it and its own. */
  name: string
}

export interface Evidence {
  tests: readonly TestName[]
  /** Text of a file by its path from the root of the clone; undefined where there is none. */
  source(path: string): string | undefined
}

const idPattern = /\b(?:RFC\d{4}-[\d.]+-\d+|FIELD-[a-z]+-\d+)\b/g
/** How many rules each standard states. */
export const numbersOfRules: Partial<Record<TableName, number>> = {
  rfc4975: 206,
  rfc4976: 68,
  rfc7977: 22,
  rfc6135: 15,
  rfc6714: 25,
  rfc5547: 116,
  rfc3862: 40,
  rfc5438: 76,
  rfc3994: 10,
  rfc7701: 80,
}

/** The ids of rules in a test's name. */
export function idsIn(name: string): string[] {
  return [...new Set(name.match(idPattern))]
}

/** The tests of a row's files that carry its id. */
export function testsOf(row: Row, tests: readonly TestName[]): TestName[] {
  return tests.filter(({ file, name }) => row.shownBy.includes(file) && idsIn(name).includes(row.id))
}

/** What is wrong with the tables, or between them and the tests: one line each. */
export function flawsOf(tables: ReadonlyMap<TableName, readonly Row[]>, evidence: Evidence): string[] {
  return [
    ...tableNames.flatMap((name) => flawsOfTable(name, tables.get(name) ?? [], evidence)),
    ...flawsOfTests([...tables.values()].flat(), evidence.tests),
  ]
}

function flawsOfTable(table: TableName, rows: readonly Row[], evidence: Evidence): string[] {
  const flaws: string[] = []
  const expected = numbersOfRules[table]
  if (expected !== undefined && rows.length !== expected) {
    flaws.push(`${table}: ${rows.length} rows, and the standard has ${expected} rules`)
  }
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(row.id)) flaws.push(`${row.id}: twice in ${table}`)
    seen.add(row.id)
    flaws.push(...flawsOfRow(table, row, evidence).map((flaw) => `${row.id}: ${flaw}`))
  }
  const absolute = rows.filter(({ level }) => level.startsWith('MUST'))
  const byConstruction = absolute.filter(({ verdict }) => verdict === 'by construction')
  if (byConstruction.length > absolute.length * constructionLimit) {
    flaws.push(`${table}: ${byConstruction.length} of ${absolute.length} absolute rules rest on the code alone`)
  }
  return flaws
}

function flawsOfRow(table: TableName, row: Row, { tests, source }: Evidence): string[] {
  const flaws: string[] = []
  if (row.asks === '') flaws.push('does not say what it asks')
  if (row.shownBy.length === 0) flaws.push('names nothing that shows it')
  switch (row.verdict) {
    case 'tested':
      for (const file of row.shownBy) {
        if (testsOf({ ...row, shownBy: [file] }, tests).length === 0) flaws.push(`no test of ${file} carries the id`)
      }
      break
    case 'by construction':
      for (const entry of row.shownBy) {
        const [file = '', name = ''] = entry.split('#')
        const text = source(file)
        if (text === undefined) flaws.push(`there is no file ${file}`)
        else if (!/^#?\w+$/.test(name) || !new RegExp(`\\b${name}\\b`).test(text)) flaws.push(`${file} has no ${name}`)
      }
      if (row.why === '') flaws.push('does not say why the code cannot do otherwise')
      break
    case 'not applicable':
      for (const role of row.shownBy) {
        if (!(otherRoles as readonly string[]).includes(role)) flaws.push(`“${role}” is no other role`)
      }
      break
    default:
      flaws.push(row.verdict === '' ? 'has no verdict' : `“${row.verdict}” is no verdict`)
  }
  if (table === 'field' && row.verdict !== 'tested') flaws.push('what the field does is tested')
  return flaws
}

/** A name that carries an id says that the row counts on it: the two must agree. */
function flawsOfTests(rows: readonly Row[], tests: readonly TestName[]): string[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return tests.flatMap(({ file, name }) => {
    const ids = idsIn(name)
    const flaws = ids.length > 3 ? [`${file}: “${name}” carries ${ids.length} ids: three at most`] : []
    for (const id of ids) {
      const row = byId.get(id)
      if (row === undefined) flaws.push(`${file}: “${name}”: no table has ${id}`)
      else if (row.verdict === 'tested' && !row.shownBy.includes(file))
        flaws.push(`${id}: ${file} has a test of it too`)
    }
    return flaws
  })
}
