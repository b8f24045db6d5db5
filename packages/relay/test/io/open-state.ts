import { MsrpError } from 'msrp/wire'
import { completeSettings } from '../../src/config/index.ts'
import { openState } from '../../src/io/index.ts'

// Another process that opens the state in a folder: prints what it found, or the one line about what is wrong.
const [stateFolder = ''] = process.argv.slice(2)
try {
  const { certificates, users, database, tryout } = await openState(completeSettings({ stateFolder }))
  const { server, authorityFile } = certificates
  console.log(
    JSON.stringify({ serial: server.leaf.serialNumber, authorityFile, tryout, users: await database?.list() }),
  )
  await users.close()
} catch (error) {
  if (!(error instanceof MsrpError)) throw error
  console.log(JSON.stringify({ code: error.code, message: error.message }))
  process.exitCode = 1
}
