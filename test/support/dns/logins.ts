import { readFileSync } from 'node:fs'
import { Endpoint } from 'msrp'

// Logs in to a relay as often as it is told, one after the other, and prints the host of each URI that it gets, a line each.
//   node logins.ts URI USER PASSWORD CA COUNT
const [uri = '', username = '', password = '', ca = '', count = '1'] = process.argv.slice(2)
const tls = { ca: readFileSync(ca, 'utf8') }
for (let number = 0; number < Number(count); number++) {
  await using endpoint = new Endpoint({ tls })
  const prepared = await endpoint.prepare({ relay: { uri, username, password } })
  console.log(/^msrps:\/\/([^:/]+)/.exec(prepared.localPath)?.[1])
}
