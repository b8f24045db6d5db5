/** A user name with its password, as a client shows them. */
export interface ShownCredentials {
  readonly username: string
  readonly password: string
}

/** The fields of an HTTP request that may hold credentials. */
export interface HandshakeFields {
  readonly authorization?: string | undefined
  readonly cookie?: string | undefined
  readonly 'sec-websocket-protocol'?: string | undefined
}

/** Characters of credentials in their base64 form: more than any name and HMAC together. */
const MOST_CHARACTERS = 1024

/**
 * Credentials in the handshake of a WebSocket (RFC 7977 §5.3.1): a sub-protocol `msrp.credentials.BASE64URL`, all that a
 * page can add to it; `Authorization: Basic`, for programs; or the cookie of this name.
 * @returns undefined when there are none; `unreadable` when they are none of `NAME:PASSWORD`
 */
export function shownCredentials(
  fields: HandshakeFields,
  cookieName: string | undefined,
): ShownCredentials | 'unreadable' | undefined {
  const encoded =
    subprotocols(fields['sec-websocket-protocol'])
      .find((name) => name.startsWith('msrp.credentials.'))
      ?.slice('msrp.credentials.'.length) ??
    /^basic +(\S+) *$/i.exec(fields.authorization ?? '')?.[1] ??
    (cookieName === undefined ? undefined : cookie(fields.cookie, cookieName))
  return encoded === undefined ? undefined : decoded(encoded)
}

/** The names in Sec-WebSocket-Protocol. */
export function subprotocols(field: string | undefined): string[] {
  return field === undefined ? [] : field.split(',').map((name) => name.trim())
}

function cookie(field: string | undefined, name: string): string | undefined {
  for (const pair of field?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && pair.slice(0, equals).trim() === name)
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1')
  }
  return undefined
}

function decoded(encoded: string): ShownCredentials | 'unreadable' {
  if (encoded.length > MOST_CHARACTERS || !/^[\w+/-]+=*$/.test(encoded)) return 'unreadable'
  // Node reads both alphabets of base64.
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return 'unreadable'
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
