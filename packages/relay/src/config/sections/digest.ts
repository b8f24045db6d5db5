import type { DigestAlgorithm } from 'msrp/wire'
import type { z } from 'zod'
import { algorithms, section, whole } from '../field.ts'

/** How clients show their passwords (RFC 4976 §9.1). */
export interface DigestSettings {
  /** Offered in challenges, in this order. Default: MD5 alone, all that RFC 4976 knows and old clients understand. */
  readonly algorithms: readonly DigestAlgorithm[]
  /** Seconds for which a nonce is accepted. Default: 300. */
  readonly nonceLifetime: number
}

/** `[digest]` */
export function digestSection(): z.ZodType<DigestSettings> {
  return section('How clients show that they know their passwords.', {
    algorithms: algorithms(
      ['md5'],
      'Offered in challenges, in this order. `"MD5"` is all that RFC 4976 knows; `"SHA-256"` beside it is for clients that take several challenges.',
    ),
    nonceLifetime: whole(1, 86_400, 300, 'Seconds for which a nonce is accepted.'),
  })
}
