/**
 * Whether a pattern names an account. `alice@example.com` names one, `*@example.com` and `example.com` all of a domain,
 * `*@*.example.com` those of the domains below it; a star stands for any characters. Domains are compared without regard
 * to case.
 */
export function namesAccount(pattern: string, account: string): boolean {
  const at = pattern.lastIndexOf('@')
  const name = at === -1 ? '*' : pattern.slice(0, at)
  const domain = pattern.slice(at + 1)
  return namesDomain(domain, domainOf(account)) && matches(name, account.slice(0, account.lastIndexOf('@')))
}

/** Whether a pattern names a domain, which is in lower case: `example.com` one, `*.example.com` those below it. */
export function namesDomain(pattern: string, domain: string): boolean {
  return matches(pattern.toLowerCase(), domain)
}

/** What follows the last @ of an account, in lower case. */
export function domainOf(account: string): string {
  return account.slice(account.lastIndexOf('@') + 1).toLowerCase()
}

/** By hand, since a regular expression of many stars may take for ever. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (last === undefined) return pattern === text
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  // What stands between two stars may as well be found as early as it can be.
  let at = first.length
  for (const part of others) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}
