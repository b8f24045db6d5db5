// Two users behind a relay: without PATH it waits and prints its path, with PATH it writes to whoever waits there.
//
//   npx node examples/relay.ts RELAY USER PASSWORD-FILE CA-FILE [PATH TEXT]
//
// RELAY is such as 'msrps://localhost:2855;tcp', in quotes, and USER such as alice. `npm start` runs a relay and prints where its
// files are.

import { readFile } from 'node:fs/promises'
import { connect, prepare, type RelayOptions, type TlsOptions } from 'msrp'

const [uri = '', username = '', passwordFile = '', caFile, path, text = ''] = process.argv.slice(2)
if (caFile === undefined) {
  console.error('usage: npx node examples/relay.ts RELAY USER PASSWORD-FILE CA-FILE [PATH TEXT]')
  process.exit(2)
}
const relay: RelayOptions = { uri, username, password: (await readFile(passwordFile, 'utf8')).trim() }
const tls: TlsOptions = { ca: await readFile(caFile) }

if (path === undefined) {
  await using prepared = await prepare({ relay, tls, remotePath: 'first' })
  prepared.onPathChanged = ({ localPath }) => console.log(`from now on: ${localPath}`)
  console.log(prepared.localPath)
  for await (const session of prepared.sessions()) {
    for await (const message of session) {
      console.log(await message.text())
      await session.send('Thank you!').delivered
      break
    }
    await session.close()
    break
  }
} else {
  await using session = await connect({ path, relay, tls })
  await session.send(text).delivered
  for await (const message of session) {
    console.log(await message.text())
    break
  }
}
