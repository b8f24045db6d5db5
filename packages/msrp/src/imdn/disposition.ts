/** What is told of a message (RFC 5438 §5): whether it arrived, what an intermediary did with it, whether it was shown. */
export type DispositionType = 'delivery' | 'processing' | 'display'

/**
 * What a notification says. `forbidden`: the sender is not to know; `error`: whoever writes this cannot find out. Only
 * intermediaries tell of processing.
 */
export type Disposition = RecipientDisposition | ProcessingDisposition

/** What the recipient of a message may say of it. */
export type RecipientDisposition =
  | { readonly type: 'delivery'; readonly status: 'delivered' | 'failed' | 'forbidden' | 'error' }
  | { readonly type: 'display'; readonly status: 'displayed' | 'forbidden' | 'error' }

/** What an intermediary may say of it, besides that its delivery failed. */
export interface ProcessingDisposition {
  readonly type: 'processing'
  readonly status: 'processed' | 'stored' | 'forbidden' | 'error'
}

export const DISPOSITION_TYPES: readonly DispositionType[] = ['delivery', 'processing', 'display']

const STATUSES: Readonly<Record<DispositionType, readonly string[]>> = {
  delivery: ['delivered', 'failed', 'forbidden', 'error'],
  processing: ['processed', 'stored', 'forbidden', 'error'],
  display: ['displayed', 'forbidden', 'error'],
}

/** A type and a status that go together; undefined for any others, which extensions may have. */
export function dispositionOf(type: DispositionType, status: string): Disposition | undefined {
  // Ours, not the same letters out of a document, which would be kept with them.
  const known = STATUSES[type].find((one) => one === status)
  return known === undefined ? undefined : ({ type, status: known } as Disposition)
}

/** What a sender may ask for in Disposition-Notification (RFC 5438 §7.1.1.3). */
export type ImdnWish = 'positive-delivery' | 'negative-delivery' | 'processing' | 'display'

export const WISHES: ReadonlySet<string> = new Set(['positive-delivery', 'negative-delivery', 'processing', 'display'])

/** Whether somebody who has these wishes wants to hear of this. */
export function isWanted(wishes: ReadonlySet<ImdnWish>, { type, status }: Disposition): boolean {
  if (type !== 'delivery') return wishes.has(type)
  if (status === 'delivered') return wishes.has('positive-delivery')
  if (status === 'failed') return wishes.has('negative-delivery')
  return wishes.has('positive-delivery') || wishes.has('negative-delivery')
}
