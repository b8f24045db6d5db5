// Waits for peers, one after another: prints their texts, answers them, and saves their files.
//
//   npx node examples/receive.ts [FOLDER]
//
// It prints the path to hand to the sender. Files never leave FOLDER and never replace another file.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type IncomingMessage, listen, MsrpError, type Session } from 'msrp'

const folder = process.argv[2] ?? 'received'

/** A name from a stranger is a name only: no folders, nothing hidden. */
function safeName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '_') || 'file'
}

async function take(session: Session, message: IncomingMessage): Promise<void> {
  if (message.fileName === undefined) {
    const text = await message.text()
    console.log(`text: ${text}`)
    session.send(`You said: ${text}`)
    return
  }
  await mkdir(folder, { recursive: true })
  const path = await message.saveTo(join(folder, safeName(message.fileName)), { taken: 'number' })
  console.log(`file: ${path}, ${message.size} bytes`)
}

await using listener = await listen({ host: '127.0.0.1' })
console.log(listener.localPath)

for await (const session of listener) {
  for await (const message of session) {
    // Not awaited: while a file is being saved, texts go on.
    take(session, message).catch((error: unknown) => {
      if (!(error instanceof MsrpError)) throw error
      console.log(`failed: ${error.code}: ${error.message}`)
    })
  }
  const { by, error } = await session.closed
  console.log(`over: ended by ${by}${error === undefined ? '' : ` (${error.message})`}`)
}
