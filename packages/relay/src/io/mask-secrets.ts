/**
 * A text for the log: without what lets somebody log in or take part in a session, and without characters that a
 * terminal would act on.
 */
export function maskSecrets(text: string): string {
  return (
    text
      // Digest (RFC 7616): whoever has response and cnonce can try passwords at leisure.
      .replace(/\b(response|rspauth|cnonce)="?[^",\s]*"?/gi, '$1="…"')
      // RFC 4976 §3.1: the URIs are a shared secret. Six characters of the session-id tell sessions apart.
      .replace(/(\bmsrps?:\/\/[^\s/;]+\/)([^\s;]{1,6})[^\s;]*/gi, '$1$2…')
      .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  )
}
