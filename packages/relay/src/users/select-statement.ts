import { type DialectAdapter, DummyDriver, Kysely, type QueryCompiler } from 'kysely'

/** The part of a dialect that makes SQL. */
export interface SqlDialect {
  createAdapter(): DialectAdapter
  createQueryCompiler(): QueryCompiler
}

/**
 * A query for some columns of the rows in which each of `conditions` is equal to a parameter; two rows at most. Names are
 * quoted as the dialect has it, and `schema.table` is taken apart.
 */
export function selectStatement(
  dialect: SqlDialect,
  table: string,
  columns: readonly string[],
  conditions: readonly string[],
): string {
  // Only its text is of interest: the pool runs it, since it knows what to do with a connection after an error.
  const database = new Kysely<Record<string, Record<string, string>>>({
    dialect: {
      createAdapter: () => dialect.createAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: () => {
        throw new Error('nothing is introspected')
      },
      createQueryCompiler: () => dialect.createQueryCompiler(),
    },
  })
  let query = database.selectFrom(table).select([...columns])
  for (const condition of conditions) query = query.where(condition, '=', '')
  return query.compile().sql
}
