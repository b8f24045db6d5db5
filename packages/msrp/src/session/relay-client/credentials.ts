import type { MsrpUri } from '../../wire/index.ts'

/**
 * Who we are to a relay: with the password itself, or with H(A1) of RFC 7616 §3.4.2 in its place (lower-case
 * hexadecimal), which holds for one realm and for the algorithms given.
 */
export type RelayCredentials =
  | { readonly username: string; readonly password: string }
  | {
      readonly username: string
      readonly realm: string
      readonly ha1: { readonly md5?: string; readonly 'sha-256'?: string }
    }

/** Credentials by relay, for a chain whose relays belong to different administrations; `realm` is what the relay asks for. */
export type CredentialsFor = (relay: MsrpUri, realm: string) => RelayCredentials
