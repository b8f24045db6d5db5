/** Body bytes of a chunk, and of every piece that a source gives. */
export const PIECE = 65_536

/** Who moves the bytes: this library, or `stream.pipeline` of Node.js over bare sockets. */
export type Variant = 'msrp' | 'pipeline'

/** One certificate for everybody, and the authority that has signed it. PEM. */
export interface Certificate {
  readonly authority: string
  readonly chain: string
  readonly key: string
}

/** One stream from one endpoint to another. */
export interface StreamTask {
  readonly kind: 'stream'
  readonly variant: Variant
  readonly size: number
}

/** Texts that are each waited for until they are delivered. */
export interface TextsTask {
  readonly kind: 'texts'
  readonly sessions: number
  /** Texts of one session that are under way at a time. */
  readonly underWay: number
  /** Texts of all sessions together. */
  readonly count: number
}

/** What one of the two processes has to do. */
export interface Job {
  readonly task: StreamTask | TextsTask
  readonly secure: boolean
  readonly certificate: Certificate
  /** Where the receiver waits; absent for the receiver itself. */
  readonly targets?: readonly string[]
}

/** What one process took for it. */
export interface Usage {
  readonly seconds: number
  /** In user and kernel mode, of all threads. */
  readonly cpuSeconds: number
  /** The most memory that the process ever had, in bytes: when a quarter was through, and at the end. */
  readonly peakAtQuarter: number
  readonly peak: number
}

/** What a process tells the one that started it. */
export type Report = { readonly ready: readonly string[] } | { readonly usage: Usage }
