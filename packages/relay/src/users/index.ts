/** The users of a relay: in an SQLite file, in the database of a SIP proxy, with a web service, or nowhere. */
export {
  createEphemeralCredentials,
  type EphemeralCredentials,
  type EphemeralFlaw,
  type EphemeralHash,
  type EphemeralName,
  type EphemeralOptions,
  EphemeralVerifier,
  type NewEphemeralCredentials,
} from './ephemeral-credentials.ts'
export { type Ha1, parseHa1 } from './ha1.ts'
export { generatePassword } from './password.ts'
export { formatUserAddress, isDomain, parseUserAddress, type UserAddress } from './user-address.ts'
export {
  createUsers,
  type ListedUser,
  type NewUser,
  openUsers,
  UserDatabase,
} from './users.ts'
