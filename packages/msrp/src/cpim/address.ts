import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { quoteHeader, unescapeHeader } from './escape.ts'
import { isAbsoluteUri, isToken } from './grammar.ts'

/** Who sent a message, or whom it is for (RFC 3862 §4.1). */
export interface CpimAddress {
  /** Such as `sip:alice@example.com`. */
  readonly uri: string
  /** The name of the person, without quotes and escapes. Whoever wrote the message chose it. */
  readonly name?: string
}

/**
 * An address to be written: `{ uri, name }`, a URI alone, or `Alice <sip:alice@example.com>`. In the last one a backslash is
 * a backslash, unless the name stands between double quotes.
 */
export type CpimAddressInput = CpimAddress | string

/** Nobody's address, for a sender or receiver of whom none is known. */
export const ANONYMOUS = 'sip:anonymous@anonymous.invalid'

const NAMED = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^<]*))<([^>]*)>/s

/**
 * Reads the value of From, To or cc, escapes not yet resolved. Some peers forget the brackets around the URI: what has none
 * is taken for a URI as a whole.
 */
export function parseAddress(value: string): CpimAddress {
  const [, quoted, plain = '', uri] = NAMED.exec(value) ?? []
  if (uri === undefined) return { uri: unescapeHeader(value.trim()) }
  const name = unescapeHeader(quoted ?? plain).trim()
  return { uri: unescapeHeader(uri.trim()), ...(name === '' ? {} : { name }) }
}

/** What an application writes is no header yet: the escapes of message/cpim are not looked for. */
function givenAddress(text: string): CpimAddress {
  const [, quoted, plain = '', uri = text] = NAMED.exec(text) ?? []
  return { uri: uri.trim(), name: quoted?.replace(/\\(.)/gs, '$1') ?? plain }
}

/** @throws MsrpError `invalid-argument` naming the header, for what is no absolute URI */
export function formatAddress(address: CpimAddressInput, header: string): string {
  const { uri, name } = typeof address === 'string' ? givenAddress(address) : address
  if (!isAbsoluteUri(uri)) {
    throw new MsrpError(
      'invalid-argument',
      `${header} of message/cpim: ${shown(uri)} is no URI such as sip:bob@example.com`,
    )
  }
  const trimmed = name?.trim() ?? ''
  if (trimmed === '') return `<${uri}>`
  // RFC 3862 §3.6: words of token characters may stand without quotes.
  const words = trimmed.split(' ')
  return `${words.every(isToken) ? trimmed : quoteHeader(trimmed)} <${uri}>`
}
