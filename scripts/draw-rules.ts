// Draws tested rules of the standards, the same ones for the same seed, for somebody who breaks the code of each and sees its
// tests fail.
//   --count N   how many (30)
//   --seed S    any text (1)
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { readTable, tableNames } from '../conformance/table.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } },
})
const rank = (id: string): string => createHash('sha256').update(`${values.seed} ${id}`).digest('hex')

const drawn = tableNames
  .filter((name) => name !== 'field')
  .flatMap((name) => readTable(name))
  .filter(({ verdict }) => verdict === 'tested')
  .toSorted((a, b) => (rank(a.id) < rank(b.id) ? -1 : 1))
  .slice(0, Number(values.count))

for (const { id, level, asks, shownBy } of drawn) {
  console.log(`${id} (${level}): ${asks}`)
  console.log(`  npx vitest run ${shownBy.join(' ')} -t '${id.replaceAll('.', '\\.')}\\b'`)
}
