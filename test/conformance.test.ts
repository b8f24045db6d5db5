import { describe, expect, test } from 'vitest'
import { documentOf } from '../conformance/document.ts'
import { flawsOf, idsIn, numbersOfRules, type TestName } from '../conformance/flaws.ts'
import { parseTable, type Row, readTable, type TableName } from '../conformance/table.ts'

const file = 'packages/msrp/test/wire/encode.test.ts'
const other = 'packages/relay/test/forwarding/token.test.ts'
const sourceFile = 'packages/msrp/src/wire/ident.ts'
const source = (path: string): string | undefined =>
  path === sourceFile ? 'export function newTransactionId(): string' : undefined

/** The standard's number of rules, none of them at fault. */
function tables(change: { rfc4975?: Partial<Row>; field?: Row[]; drop?: boolean } = {}): Map<TableName, Row[]> {
  const rows = (standard: string, total: number): Row[] =>
    Array.from({ length: total }, (_, index) => ({
      id: `${standard}-9.1-${index + 1}`,
      level: 'MUST',
      asks: 'something',
      verdict: 'not applicable',
      shownBy: ['administrator'],
      why: '',
    }))
  const standards = Object.entries(numbersOfRules).map(
    ([name, total]) => [name as TableName, rows(name.toUpperCase(), total)] as const,
  )
  const rfc4975 = rows('RFC4975', numbersOfRules.rfc4975 ?? 0)
  rfc4975[0] = { ...rfc4975[0]!, ...change.rfc4975 }
  if (change.drop) rfc4975.pop()
  return new Map<TableName, Row[]>([...standards, ['rfc4975', rfc4975], ['field', change.field ?? []]])
}

const tested: Partial<Row> = { verdict: 'tested', shownBy: [file] }
const named: TestName = { file, name: 'a request > is well formed (RFC4975-9.1-1)' }
const byConstruction: Partial<Row> = {
  verdict: 'by construction',
  shownBy: [`${sourceFile}#newTransactionId`],
  why: 'so',
}
const field: Row = { id: 'FIELD-relay-1', level: 'mistake', asks: 'x', verdict: 'tested', shownBy: [file], why: '' }

describe('the tables hold', () => {
  test.each<[string, Map<TableName, Row[]>, TestName[]]>([
    ['with a test that carries the id', tables({ rfc4975: tested }), [named]],
    ['with a declaration that makes it so', tables({ rfc4975: byConstruction }), []],
    ['with another role', tables(), []],
    ['with a test beside a declaration', tables({ rfc4975: byConstruction }), [named]],
  ])('%s', (_, of, tests) => {
    expect(flawsOf(of, { tests, source })).toEqual([])
  })
})

describe('the tables do not hold', () => {
  test.each<[string, Map<TableName, Row[]>, TestName[], RegExp]>([
    ['without a verdict', tables({ rfc4975: { verdict: '' } }), [], /RFC4975-9\.1-1: has no verdict/],
    ['with a verdict of their own', tables({ rfc4975: { verdict: 'done' } }), [], /“done” is no verdict/],
    ['without words', tables({ rfc4975: { asks: '' } }), [], /does not say what it asks/],
    ['without evidence', tables({ rfc4975: { verdict: 'tested', shownBy: [] } }), [], /names nothing/],
    [
      'with a test that does not exist',
      tables({ rfc4975: tested }),
      [],
      /no test of .*encode\.test\.ts carries the id/,
    ],
    ['where the id stands in another file', tables({ rfc4975: tested }), [named, { ...named, file: other }], /too/],
    [
      'with an id that only begins alike',
      tables({ rfc4975: tested }),
      [{ file, name: 'x (RFC4975-9.1-10)' }],
      /no test of/,
    ],
    [
      'with a declaration that is gone',
      tables({ rfc4975: { ...byConstruction, shownBy: [`${sourceFile}#x`] } }),
      [],
      /has no x/,
    ],
    [
      'with a file that is gone',
      tables({ rfc4975: { ...byConstruction, shownBy: ['gone.ts#x'] } }),
      [],
      /no file gone\.ts/,
    ],
    [
      'with a declaration without its reason',
      tables({ rfc4975: { ...byConstruction, why: '' } }),
      [],
      /does not say why/,
    ],
    ['with a role that is ours', tables({ rfc4975: { shownBy: ['endpoint'] } }), [], /“endpoint” is no other role/],
    ['with a rule missing', tables({ drop: true }), [], /205 rows, and the standard has 206/],
    ['with a rule twice', tables({ rfc4975: { id: 'RFC4975-9.1-2' } }), [], /RFC4975-9\.1-2: twice/],
    [
      'with a test of a rule that no table has',
      tables(),
      [{ file, name: 'x (RFC4975-99-1)' }],
      /no table has RFC4975-99-1/,
    ],
    [
      'with four rules in a name',
      tables(),
      [{ file, name: 'x (RFC4975-9.1-1, RFC4975-9.1-2, RFC4975-9.1-3, RFC4975-9.1-4)' }],
      /carries 4 ids: three at most/,
    ],
    [
      'where the field is explained away',
      tables({ field: [{ ...field, verdict: 'not applicable', shownBy: ['administrator'] }] }),
      [],
      /is tested/,
    ],
  ])('%s', (_, of, tests, expected) => {
    expect(flawsOf(of, { tests, source })).toContainEqual(expect.stringMatching(expected))
  })

  test('when more than 15 % of the absolute rules rest on the code alone', () => {
    const of = tables()
    const rows = of.get('rfc4976')!
    of.set(
      'rfc4976',
      rows.map((row, index) => (index < 10 ? { ...row, ...byConstruction } : row)),
    )
    expect(flawsOf(of, { tests: [], source })).toEqual([])
    of.set(
      'rfc4976',
      rows.map((row, index) => (index < 11 ? { ...row, ...byConstruction } : row)),
    )
    expect(flawsOf(of, { tests: [], source })).toEqual(['rfc4976: 11 of 68 absolute rules rest on the code alone'])
  })
})

test('a line of a table that is not one is named', () => {
  const heading = 'id\tlevel\tasks\tverdict\tshown by\twhy\n'
  expect(() => parseTable('id\tlevel\n', 'a.tsv')).toThrow('a.tsv:1: ')
  expect(() => parseTable(`${heading}RFC4975-3-1\tMUST\n`, 'a.tsv')).toThrow('a.tsv:2: ')
  expect(parseTable(`${heading}RFC4975-3-1\tMUST\ta\ttested\tx; y\t\n`, 'a.tsv')).toEqual([
    { id: 'RFC4975-3-1', level: 'MUST', asks: 'a', verdict: 'tested', shownBy: ['x', 'y'], why: '' },
  ])
})

test('ids are read whole', () => {
  expect(idsIn('a (RFC4975-7.1.1-12, FIELD-relay-3) and RFC4975-7.1.1-12: RFC 4975 §7')).toEqual([
    'RFC4975-7.1.1-12',
    'FIELD-relay-3',
  ])
})

test('the document names each rule of each table and the test that shows it', () => {
  const all = new Map([['rfc4976', readTable('rfc4976')] as const])
  for (const { id } of all.get('rfc4976')!) expect(documentOf(all, [])).toContain(`| ${id} |`)
  expect(documentOf(tables({ rfc4975: tested }), [named])).toContain('is well formed (RFC4975-9.1-1)')
  // What the field gets wrong stands under headings of its own, by its level.
  expect(documentOf(tables({ field: [field] }), [{ file, name: 'stays whole (FIELD-relay-1)' }])).toMatch(
    /### Mistakes that are not ours\n\n.*\n.*\n\| FIELD-relay-1 \|.*stays whole/,
  )
})
