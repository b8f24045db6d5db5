/** Something to be sent. */
export type Letter = Open | { readonly kind: 'closed'; readonly sender: Sender }

interface Open {
  readonly kind: 'open'
  readonly text: string
}

/** Who wrote a `Letter`. */
export interface Sender extends Record<string, unknown> {
  readonly name: string
}
