// Sends a text, waits for the answer, then sends a file and shows how far it is confirmed.
//
//   npx node examples/send.ts PATH TEXT [FILE]
//
// PATH is what examples/receive.ts has printed.

import { basename } from 'node:path'
import { connect, fileBody, MsrpError } from 'msrp'

const [path, text, file] = process.argv.slice(2)
if (path === undefined || text === undefined) {
  console.error('usage: npx node examples/send.ts PATH TEXT [FILE]')
  process.exit(2)
}

try {
  await using session = await connect({ path })

  const sent = session.send(text)
  await sent.delivered
  console.log('the text has arrived')

  for await (const message of session) {
    console.log(`answer: ${await message.text()}`)
    break
  }

  if (file !== undefined) {
    const sending = session.send(await fileBody(file), {
      fileName: basename(file),
      onProgress: ({ confirmed, total }) => console.log(`confirmed: ${confirmed} of ${total}`),
    })
    // Success REPORTs from the receiver cover every byte: it is stored there.
    await sending.delivered
    console.log(`the file has arrived: ${sending.total} bytes`)
  }
} catch (error) {
  if (!(error instanceof MsrpError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
