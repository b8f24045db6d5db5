/** Time as the protocol's state sees it; passed in, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds from an arbitrary origin; never runs backwards, and may stand still within one turn of the event loop. */
  now(): number
  /** Runs `action` once, `milliseconds` from now, unless the returned function is called before. */
  after(milliseconds: number, action: () => void): Cancel
}

/** Takes back what was scheduled; harmless when it ran already. */
export type Cancel = () => void
