import { isIP } from 'node:net'

/** True when `name` can stand in a certificate: a host name in ASCII, possibly `*.` first, or an IP address. */
export function isCertifiableName(name: string): boolean {
  return (
    isIP(name) !== 0 ||
    (name.length <= 253 &&
      /^(\*\.)?([a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/i.test(name))
  )
}
