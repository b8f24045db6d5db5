import { isLoopback } from '../config/network.ts'

/** What is wrong with the URL of a web service, to be read after its key; undefined when nothing is. */
export function urlFlaw(text: string, allowHttp: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return 'is not a URL such as "https://accounts.example.com/msrp"'
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password; give a token instead'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (url.protocol === 'https:' || allowHttp || host === 'localhost' || isLoopback(host)) return undefined
  return 'must not be http: to another machine, where H(A1) could be read on the way; use https:, or set allow_http'
}
