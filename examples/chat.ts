// Two people chat: one waits and prints a path, the other one calls it. A line is a text, `/send FILE` sends a file.
//
//   npx node examples/chat.ts [PATH] [--relay URI --user NAME --password-file FILE] [--ca FILE] [--folder FOLDER]
// Ctrl-C leaves at once, the end of the input when everything has arrived. Files go to FOLDER, `received` unless given.

import { mkdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { connect, fileBody, type IncomingMessage, prepare, type Session } from 'msrp'

const string = { type: 'string' } as const
const options = { relay: string, user: string, 'password-file': string, ca: string, folder: string }
const { values, positionals } = parseArgs({ allowPositionals: true, options })
const { relay: uri, user: username, 'password-file': passwordFile = '', ca, folder = 'received' } = values
const leaving = new AbortController()
process.once('SIGINT', () => leaving.abort())
const relay = uri && { uri, username, password: (await readFile(passwordFile, 'utf8')).trim() }
const through = { signal: leaving.signal, ...(relay && { relay }), ...(ca && { tls: { ca: await readFile(ca) } }) }
const tell = ({ message }: Error): undefined => void console.error(`! ${message}`)

/** With whoever is called, or with the first who calls; with nobody after Ctrl-C. */
async function open([path]: string[]): Promise<Session | undefined> {
  if (path !== undefined) return connect({ path, ...through })
  await using waiting = await prepare({ ...through, ...(!relay && { listen: {} }), remotePath: 'first' })
  console.log(waiting.localPath)
  leaving.signal.onabort = () => waiting.close()
  return (await waiting.sessions().next()).value
}

/** Neither a text nor a name from the other side may command this terminal, or leave the folder. */
async function take(message: IncomingMessage): Promise<void> {
  const { fileName } = message
  if (fileName === undefined) return console.log(`< ${(await message.text()).replace(/[^\P{Cc}\n]/gu, '')}`)
  const name = fileName.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '_') || 'file'
  await mkdir(folder, { recursive: true })
  console.log(`< file: ${await message.saveTo(join(folder, name), { taken: 'number' })}`)
}

async function say(session: Session, line: string): Promise<void> {
  const [, path] = /^\/send (.+)$/.exec(line) ?? []
  if (path === undefined) return session.send(line).delivered
  await session.send(await fileBody(path), { fileName: basename(path) }).delivered
  console.log(`> has arrived: ${path}`)
}

async function chat(session: Session): Promise<void> {
  const saying: Promise<void>[] = []
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => saying.push(say(session, line).catch(tell)))
  lines.on('close', () => Promise.all(saying).then(() => session.close()))
  leaving.signal.onabort = () => session.close()
  for await (const message of session) take(message).catch(tell)
  lines.close()
  await session.closed.then(({ error }) => error && tell(error))
}

await using session = await open(positionals).catch(tell)
if (session) await chat(session)
