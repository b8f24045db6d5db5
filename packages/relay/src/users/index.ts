/** The users of a relay, in an SQLite file. */
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
