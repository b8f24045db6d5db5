/** Which relays: any that shows a certificate, none, or those named; `*.example.com` names all below example.com. */
export type ChainedRelays = 'any' | 'none' | readonly string[]

/** With which relays this one forms chains for clients (RFC 4976 §6.3 leaves it to each relay). */
export interface ChainRules {
  /** Relays whose clients get URIs here. */
  readonly inbound: ChainedRelays
  /** Relays at which clients of this one get URIs through it. */
  readonly outbound: ChainedRelays
}

/** Whether a relay, by its host name in lower case, is among them. */
export function mayChain(relays: ChainedRelays, name: string): boolean {
  if (relays === 'any' || relays === 'none') return relays === 'any'
  return relays.some((pattern) =>
    pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) && name.length > pattern.length - 1 : name === pattern,
  )
}
