import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { openUsers, parseUserAddress } from '../../src/users/index.ts'

// What another process does to a user database: add|passwd|remove ADDRESS [PASSWORD], `many PREFIX COUNT`, or
// `hold MILLISECONDS` for a write that takes its time.
const [path = '', action = '', name = '', argument = ''] = process.argv.slice(2)
await using users = await openUsers(path)
if (action === 'add') await users.add({ ...parseUserAddress(name), password: argument })
else if (action === 'passwd') await users.setPassword(parseUserAddress(name), argument)
else if (action === 'remove') await users.remove(parseUserAddress(name))
else if (action === 'hold') {
  using database = new DatabaseSync(path)
  database.exec("BEGIN IMMEDIATE; UPDATE users SET created = '2030-01-01T00:00:00Z'")
  console.log('holding')
  await setTimeout(Number(name))
  database.exec('COMMIT')
} else {
  for (let index = 0; index < Number(argument); index++) {
    await users.add({ username: `${name}${index}`, domain: 'example.com', password: 'p' })
  }
}
