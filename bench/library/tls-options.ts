import type { TlsOptions } from 'msrp'
import type { Job } from './job.ts'

/** What the one who listens shows, and what the other one trusts. */
export function tlsOf({ certificate: { authority, chain, key } }: Job): { own: TlsOptions; peer: TlsOptions } {
  return { own: { cert: chain, key }, peer: { ca: authority } }
}
