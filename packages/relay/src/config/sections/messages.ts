import type { z } from 'zod'
import { limit, mediaRanges, oneOf, section } from '../field.ts'

/** Which messages are passed on. */
export interface MessageSettings {
  /** Media types such as `text/plain`, `image/*`. Default: none, which is all of them. */
  readonly contentTypes: readonly string[]
  /** Bytes of a whole message; 0 for any number. Default: 0. */
  readonly maximumSize: number
  /**
   * Whether messages have to be S/MIME by their own type: `signed` with a detached signature (RFC 4976 §9.4), `protected`
   * signed or encrypted. Default: `optional`.
   */
  readonly smime: 'optional' | 'signed' | 'protected'
}

/** `[messages]` */
export function messagesSection(): z.ZodType<MessageSettings> {
  return section(
    'Which messages are passed on, whoever sends them. What is inside message/cpim and multipart is not seen.',
    {
      contentTypes: mediaRanges({
        about:
          'Media types that are passed on, such as `["text/*", "message/cpim"]`; with none, all of them. Others are answered 415.',
      }),
      maximumSize: limit(1, 1_000_000_000_000_000, 'Bytes of a whole message; a larger one is answered 413.'),
      smime: oneOf(
        ['optional', 'signed', 'protected'],
        'optional',
        'Whether messages have to be S/MIME: `"signed"` lets pass only multipart/signed (RFC 4976, section 9.4), `"protected"` also what is encrypted or signed as application/pkcs7-mime. Others are answered 415.',
      ),
    },
  ) as z.ZodType<MessageSettings>
}
