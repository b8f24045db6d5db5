/**
 * Takes out of the text of a request or response what could be used to find a password: the proofs of knowing it. Who
 * authenticates, and where, stays readable.
 */
export function maskCredentials(text: string): string {
  return text.replace(/^((?:Proxy-)?Authori[sz]ation|Authentication-Info):.*$/gim, (line) =>
    line.replace(/\b(response|rspauth|cnonce)\s*=\s*("[^"]*"|[^\s,]*)/gi, '$1="(hidden)"'),
  )
}
