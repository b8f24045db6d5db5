import type { FileSink } from '../session/platform.ts'
import type { FileDates } from './file-date.ts'

/** What a sender says of a file with its bytes. */
export interface ArrivedFacts {
  /** Safe to store under. */
  readonly name?: string | undefined
  /** Bytes of the whole file. */
  readonly size?: number | undefined
  readonly dates?: FileDates | undefined
}

/** Where a file goes while it arrives: a `FileSink` that may keep a part of it for a later transfer. */
export interface FileTarget extends Omit<FileSink, 'finish'> {
  /** How many bytes from the first on it has from an earlier transfer. Default 0. With them it needs `read`. */
  readonly stored?: number
  /**
   * The file is complete, `size` bytes, and is the one that was described. It gets its name now; what is returned becomes
   * `ReceivedFile.result`, such as its path.
   */
  finish(size: number, facts: ArrivedFacts): Promise<unknown>
  /** The transfer is over and the file is not: keeps what there is for a later one. Never rejects. */
  suspend?(): Promise<void>
}
