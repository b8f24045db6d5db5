import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TransactionTable } from '../../src/connection/transaction-table.ts'

interface Entry {
  transactionId: string
  beside: Entry | undefined
}

const entry = (transactionId: string): Entry => ({ transactionId, beside: undefined })

// Many that lie together: only the last characters tell where.
const ids = fc.constantFrom(...Array.from({ length: 60 }, (_, index) => `${index}${index % 2 === 0 ? 'abcdef' : ''}`))

test('holds what a Map would hold, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ id: ids, add: fc.boolean() }), { maxLength: 300 }), (steps) => {
      const table = new TransactionTable<Entry>()
      const map = new Map<string, Entry>()
      for (const { id, add } of steps) {
        const known = map.get(id)
        if (add && known === undefined) {
          const added = entry(id)
          map.set(id, added)
          table.set(id, added)
        } else if (!add && known !== undefined) {
          map.delete(id)
          table.delete(id)
        }
        expect(table.size).toBe(map.size)
        expect(table.get(id)).toBe(map.get(id))
      }
      for (const [id, known] of map) expect(table.get(id)).toBe(known)
      expect(table.get('another')).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('an entry that was taken out leads to no other one, and is not taken out twice', () => {
  const table = new TransactionTable<Entry>()
  const [one, other] = [entry('1abcdef'), entry('2abcdef')]
  table.set('1abcdef', one)
  table.set('2abcdef', other)
  table.delete('2abcdef')
  table.delete('2abcdef')
  expect(other.beside).toBeUndefined()
  expect(table.size).toBe(1)
  expect(table.get('1abcdef')).toBe(one)
})
