import { openUsers, parseUserAddress } from '../../src/users/index.ts'

// What another process does to a user database: add|passwd|remove ADDRESS [PASSWORD], or `many PREFIX COUNT`.
const [path = '', action = '', name = '', argument = ''] = process.argv.slice(2)
await using users = await openUsers(path)
if (action === 'add') await users.add({ ...parseUserAddress(name), password: argument })
else if (action === 'passwd') await users.setPassword(parseUserAddress(name), argument)
else if (action === 'remove') await users.remove(parseUserAddress(name))
else {
  for (let index = 0; index < Number(argument); index++) {
    await users.add({ username: `${name}${index}`, domain: 'example.com', password: 'p' })
  }
}
