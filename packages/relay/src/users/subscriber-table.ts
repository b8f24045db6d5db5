import { nodeHash } from 'msrp/node'
import { type DigestAlgorithm, ha1 } from 'msrp/wire'

/** Names in the table of subscribers. The defaults are those of Kamailio and OpenSIPS. */
export interface SubscriberTable {
  /** Default: `subscriber`. `SCHEMA.TABLE` works as well. */
  readonly name: string
  /** Default: `username`. */
  readonly username: string
  /** Default: `domain`. Empty: the table serves one domain alone, and the column is not looked at. */
  readonly domain: string
  /** Default: `ha1`. H(A1) as 32 hexadecimal digits (MD5) or 64 (SHA-256), in any case. */
  readonly ha1: string
  /** H(A1) with SHA-256, where there is a column for it: `ha1_sha256` with OpenSIPS. Default: none. */
  readonly ha1Sha256?: string
  /** Default: `password`. Looked at only with `cleartext`. */
  readonly password: string
  /** Whether passwords stand there in the clear, and H(A1) is computed from them. Default: false. */
  readonly cleartext: boolean
}

/** The defaults. */
export const subscriberTable: SubscriberTable = {
  name: 'subscriber',
  username: 'username',
  domain: 'domain',
  ha1: 'ha1',
  password: 'password',
  cleartext: false,
}

/** A row, by the names of the columns. */
export type SubscriberRow = Readonly<Record<string, unknown>>

/** The columns to ask for. */
export function columnsOf(table: SubscriberTable): string[] {
  const { username, domain, password, ha1: md5, ha1Sha256, cleartext } = table
  const secrets = cleartext ? [password] : [md5, ...(ha1Sha256 === undefined ? [] : [ha1Sha256])]
  return [username, ...(domain === '' ? [] : [domain]), ...secrets]
}

/**
 * Whether a row is that of the user. MariaDB finds `Alice` and `alice ` where `alice` was asked for, by most collations,
 * and with passwords in the clear they could log in under names of which accounting and limits know nothing.
 */
export function isRowOf(table: SubscriberTable, row: SubscriberRow, username: string, realm: string): boolean {
  if (textIn(row, table.username) !== username) return false
  return table.domain === '' || textIn(row, table.domain).toLowerCase() === realm.toLowerCase()
}

/** H(A1) of the user of a row, lower-case hex; undefined when there is none for the algorithm. */
export function ha1Of(
  table: SubscriberTable,
  row: SubscriberRow,
  user: { username: string; realm: string; algorithm: DigestAlgorithm },
): string | undefined {
  const { username, realm, algorithm } = user
  if (table.cleartext) {
    const password = textIn(row, table.password)
    // The default of the column, and never a password that lets anybody in.
    if (password === '') return undefined
    return ha1(nodeHash, algorithm, username, realm, password)
  }
  // Kamailio keeps SHA-256 in the very column `ha1` when it is told to work with it.
  const found = [table.ha1Sha256, table.ha1].map((column) => (column === undefined ? '' : textIn(row, column)))
  return found.map((text) => text.toLowerCase()).find((text) => text.length === digits[algorithm] && isHex(text))
}

const digits: Readonly<Record<DigestAlgorithm, number>> = { md5: 32, 'sha-256': 64 }

function isHex(text: string): boolean {
  return /^[\da-f]+$/.test(text)
}

/** Without the blanks that a column of type CHAR is filled up with (OpenSIPS has such columns; PostgreSQL shows them). */
function textIn(row: SubscriberRow, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value.replace(/ +$/, '') : ''
}
