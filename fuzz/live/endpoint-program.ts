// An application over the library that waits for peers on several paths, over TCP and TLS, and takes what they bring as
// applications do. Prints where it waits as a line of JSON, and runs until it is stopped.
//
//   node fuzz/live/endpoint-program.ts CERTIFICATE KEY FOLDER

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Endpoint, type IncomingMessage, MsrpError, type Session } from 'msrp'

const PATHS = 8
const LARGEST = 200_000

const [certificateFile = '', keyFile = '', folder = ''] = process.argv.slice(2)
const [cert, key] = [readFileSync(certificateFile), readFileSync(keyFile)]
const endpoint = new Endpoint({ resumeFor: 2000, limits: { unboundTimeout: 5000 } })
let count = 0

async function take(session: Session, message: IncomingMessage): Promise<void> {
  count++
  if (count % 7 === 0) {
    message.refuse()
  } else if (message.fileName !== undefined) {
    await message.saveTo(join(folder, `file${count % 20}`), { taken: 'number', signal: AbortSignal.timeout(5000) })
  } else {
    const text = await message.text()
    if (session.state === 'open') await session.send(`You said: ${text}`, { successReport: count % 2 === 0 }).delivered
  }
}

async function serve(sessions: AsyncIterable<Session>): Promise<void> {
  for await (const session of sessions) void read(session)
}

async function read(session: Session): Promise<void> {
  for await (const message of session) {
    take(session, message).catch((error: unknown) => {
      // Anything else is a fault: it ends the process, which is seen.
      if (!(error instanceof MsrpError)) throw error
    })
  }
}

const paths: string[] = []
for (const secure of [false, true]) {
  for (let number = 0; number < PATHS; number++) {
    const prepared = await endpoint.prepare({
      listen: { host: '127.0.0.1', publicHost: 'localhost', ...(secure ? { tls: { cert, key } } : {}) },
      remotePath: 'first',
      maxMessageSize: LARGEST,
      reportTimeout: 2000,
      onNickname: () => 'accept',
      ...(number % 2 === 0 ? {} : { onRequest: async () => (count % 5 === 0 ? 403 : 'accept') }),
    })
    paths.push(prepared.localPath)
    void serve(prepared.sessions())
  }
}
console.log(JSON.stringify({ paths }))
process.once('SIGTERM', () => process.exit(0))
