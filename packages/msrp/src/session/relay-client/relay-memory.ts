import type { MsrpUri } from '../../wire/index.ts'

/** What was learnt of a relay's ways. */
export interface RelayWays {
  /** Whether it accepts credentials with `uri=`, or only without; undefined until it accepted some. */
  takesUri?: boolean | undefined
  /** It answers any Expires with a 423, whatever its bounds (Kamailio 5.6): none is sent any more. */
  omitExpires?: boolean | undefined
}

/** What was learnt of relays, for the next AUTH: one for all sessions of an endpoint. Holds no secret. */
export class RelayMemory {
  readonly #ways: Map<string, RelayWays> = new Map()

  /** What is known of the relay at this URI; change it to remember. Its session-id plays no part. */
  of({ authorityKey }: MsrpUri): RelayWays {
    const ways = this.#ways.get(authorityKey) ?? {}
    this.#ways.set(authorityKey, ways)
    return ways
  }
}
