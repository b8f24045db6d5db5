import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { SqliteDialect, type SqliteStatement } from 'kysely'

/**
 * Kysely's SQLite dialect over `node:sqlite`. Kysely asks a statement whether it yields rows and passes parameters as a
 * list; `node:sqlite` tells by the columns and takes the parameters one by one. Statements are prepared once: the few that
 * there are come again.
 */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const statements = new Map<string, SqliteStatement>()
  const prepare = (sql: string): SqliteStatement => {
    const statement = database.prepare(sql)
    const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...values(parameters)),
      run: (parameters) => statement.run(...values(parameters)),
      iterate: (parameters) => statement.iterate(...values(parameters)),
    }
  }
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare: (sql) => {
        const known = statements.get(sql)
        if (known !== undefined) return known
        const statement = prepare(sql)
        statements.set(sql, statement)
        return statement
      },
    },
  })
}
