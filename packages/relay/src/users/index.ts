/** The users of a relay, in an SQLite file. */
export { generatePassword } from './password.ts'
export { formatUserAddress, isDomain, parseUserAddress, type UserAddress } from './user-address.ts'
export {
  createUsers,
  type ListedUser,
  type NewUser,
  openUsers,
  UserDatabase,
} from './users.ts'
