import type { AccountingRecord } from './record.ts'

/** A place where records of sessions are kept. One call at a time. */
export interface RecordWriter {
  /**
   * Puts records there, so that they outlast a crash of the machine if the place can do that. When it rejects none of
   * them counts as written, and the same are given again later: what did get there must not be there twice.
   */
  write(records: readonly AccountingRecord[]): Promise<void>
  close(): Promise<void>
}
