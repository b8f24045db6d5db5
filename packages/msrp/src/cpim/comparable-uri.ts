/** Scheme, userinfo and host, the last in brackets or until a port, path, parameter or header follows. */
const BEGINNING = /^([^:@]*:)((?:\/\/)?(?:[^@]*@)?)(\[[^\]]*\]|[^:;?/#]*)/

/**
 * A URI as it compares with others: without white space around, scheme and host in lower case (RFC 3986 §6.2.2.1), everything else
 * letter by letter. What is no URI is given back as it is. `roomVerdict` of `msrp/chatroom` hands URIs over so.
 */
export function comparableUri(uri: string): string {
  return uri
    .trim()
    .replace(
      BEGINNING,
      (_, scheme: string, user: string, host: string) => scheme.toLowerCase() + user + host.toLowerCase(),
    )
}
