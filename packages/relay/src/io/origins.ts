import { isLoopback } from '../config/network.ts'

/**
 * Whether a page of this origin may open a WebSocket. A browser sends it along with what it knows of the user, cookies
 * among it, whoever wrote the page; the origin is what tells.
 * @param origin the field of the request, as browsers write it; `null` for pages from nowhere
 * @param allowed exact origins, or `*`; none: pages of the relay's own names, over https, or from this machine
 */
export function mayConnect(origin: string, allowed: readonly string[], ownNames: readonly string[]): boolean {
  if (allowed.includes('*')) return true
  if (!URL.canParse(origin)) return false
  const { origin: canonical, protocol, hostname } = new URL(origin)
  if (allowed.length > 0) return allowed.includes(canonical)
  const host = hostname.replace(/^\[|\]$/g, '')
  const ofThisMachine = host === 'localhost' || isLoopback(host)
  return (protocol === 'https:' || (protocol === 'http:' && ofThisMachine)) && ownNames.includes(host)
}
