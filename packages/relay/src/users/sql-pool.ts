import type { DatabaseTlsOptions } from './database-tls.ts'

/** Seconds that a server has to close connections in order. */
export const FAREWELL = 1

/** What a pool needs besides its address. */
export interface PoolOptions {
  /** Most connections at one time. */
  readonly connections: number
  /** Seconds that a connection may take to be made. */
  readonly connectTime: number
  readonly tls: DatabaseTlsOptions | undefined
}

/** A pool of connections to a database server, as much of it as the look-up of users needs. */
export interface SqlPool {
  /** Such as `PostgreSQL at 127.0.0.1:5432, database kamailio`; without secrets. */
  readonly description: string
  /** SQL of a query for these columns where each condition's column equals a parameter; no more than two rows. */
  select(table: string, columns: readonly string[], conditions: readonly string[]): string
  /** A connection that is free, or a new one. */
  connect(): Promise<SqlConnection>
  /** What an error of the driver means. */
  meaning(error: unknown): SqlFault
  end(): Promise<void>
}

/** A connection that was taken from the pool. It is given back in one of two ways. */
export interface SqlConnection {
  query(sql: string, parameters: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** For the next one. */
  release(): void
  /** It is of no more use. */
  destroy(): void
}

/**
 * `lost`: there is no connection any more; `not-text`: what was asked for cannot stand in the column, so nothing there is
 * equal to it; `refused`: the server does not let us in or does not know the table; `other`.
 */
export type SqlFault = 'lost' | 'not-text' | 'refused' | 'other'
