import { z } from 'zod'
import { documented, flag, section, text, whole } from '../field.ts'

/** MSRP over WebSocket (RFC 7977): for listeners with `wss` or `ws`. Sizes in bytes. */
export interface WebSocketSettings {
  /** The path of the URL; undefined: any. */
  readonly path?: string
  /**
   * Origins of the pages that may connect, such as `https://app.example.com`; `*` for any. None: pages of the relay's own
   * name, over https. Programs that are no browsers send no origin, and get in.
   */
  readonly origins: readonly string[]
  /** Whether user name and password are taken in the handshake, too (RFC 7977 §5.3.1). Default: true. */
  readonly handshakeCredentials: boolean
  /** Name of a cookie with user name and password; undefined: cookies are not looked at. */
  readonly cookie?: string
  /** Largest message taken in; a client that sends a larger one is disconnected. Default: 131072. */
  readonly maxMessage: number
  /** Largest message sent: longer chunks are cut. Default: 65536. */
  readonly maxSentMessage: number
  /** Seconds between pings; a client from which nothing comes for as long is disconnected. Default: 30. */
  readonly pingInterval: number
}

const expectedOrigins = 'a list of origins such as ["https://app.example.com"], or ["*"]'

const origin = z
  .string({ error: `must be ${expectedOrigins}` })
  .refine((value) => value === '*' || isOrigin(value), { error: `must be ${expectedOrigins}` })

/** `[web_socket]` */
export function webSocketSection(): z.ZodType<WebSocketSettings> {
  return section('MSRP over WebSocket (RFC 7977), for browsers: what holds at listeners with `"wss"` and `"ws"`.', {
    path: text('a path such as "/msrp"', (value) => /^\/[!-~]*$/.test(value) && !/[?#]/.test(value), {
      about: 'The path of the URL. Another one is answered 404.',
      leftOut: 'any',
      example: '"/msrp"',
    }),
    origins: documented(z.array(origin, { error: `must be ${expectedOrigins}` }).default([]), {
      about:
        'Pages that may connect, by their origin: scheme, host and port as browsers write them; `"*"` for any. Without one, pages that came over https from the advertised name, whatever the port. Who sends no origin is no browser, and may connect.',
      expected: expectedOrigins,
      value: '[]',
    }),
    handshakeCredentials: flag(
      true,
      'Whether user name and password are taken in the handshake as well: as a sub-protocol, by `Authorization: Basic`, or in the cookie. AUTH is not challenged then.',
    ),
    cookie: text('the name of a cookie', (value) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value), {
      about: 'Name of the cookie that holds user name and password, as `NAME:PASSWORD` in base64url.',
      leftOut: 'cookies are not looked at',
      example: '"msrp"',
    }),
    maxMessage: whole(
      32_768,
      16_777_216,
      131_072,
      'Bytes of the largest message that is taken in; a client that sends a larger one is disconnected. As much may be kept of each connection, also before it has logged in.',
    ),
    maxSentMessage: whole(
      32_768,
      1_048_576,
      65_536,
      'Bytes of the largest message that is sent. Each chunk is one message, and longer ones are cut.',
    ),
    pingInterval: whole(
      5,
      3600,
      30,
      'Seconds between pings. A client that is being read and sends nothing for as long, not even the answer to a ping, is disconnected.',
    ),
  })
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value)
}
