/** What is fuzzed: one execution is known by a seed and a number, and does the same each time. */
export interface Target {
  /**
   * Runs one execution.
   * @returns what came of it in a word, for the table.
   * @throws anything, when something is wrong.
   */
  readonly run: (seed: number, index: number) => string | Promise<string>
  /** The bytes that the execution begins with, to be kept in a file. */
  readonly bytes: (seed: number, index: number) => Uint8Array
  /** Milliseconds that an execution may take at most; less than a tenth of it is usual. */
  readonly slow: number
  /**
   * Most executions end in an error, whose stack nobody looks at and which costs more than the rest: errors have none.
   * Not for what lives long, since the stack of an error keeps alive what was called, and that has been a leak.
   */
  readonly plainErrors?: boolean
}

/** What a worker process is to do. */
export interface Task {
  readonly target: string
  readonly seed: number
  readonly from: number
  readonly until: number
  /** Every so many, so that several workers share the numbers. */
  readonly step: number
  /** Says each number before it is run, to find the one that never returns. */
  readonly single?: boolean
}

/** What a worker process says, a line of JSON each. */
export type WorkerLine =
  | { readonly kind: 'at'; readonly index: number; readonly done: number }
  | { readonly kind: 'finding'; readonly index: number; readonly message: string }
  | { readonly kind: 'end'; readonly done: number; readonly outcomes: Record<string, number>; readonly growth: number }
