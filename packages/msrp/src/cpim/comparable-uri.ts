/** A URI as it compares with others: scheme and host in lower case (RFC 3986 §6.2.2.1), everything else letter by letter. */
export function comparableUri(uri: string): string {
  return uri.trim().replace(/^[^:@]*:|@[^;?]*/g, (part) => part.toLowerCase())
}
