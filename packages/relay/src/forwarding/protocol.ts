import type { Transport } from 'msrp/connection'

/** What connections speak below MSRP. */
export const PROTOCOLS = ['tcp', 'tls', 'ws', 'wss'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** The protocol of a transport, which its description begins with. */
export function protocolOf({ description, secure }: Transport): Protocol {
  const named = PROTOCOLS.find((protocol) => description.startsWith(`${protocol} `))
  return named ?? (secure ? 'tls' : 'tcp')
}
