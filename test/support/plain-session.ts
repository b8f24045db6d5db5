// What a page does for a plain session: logs in to a relay, by a WebSocket, and exchanges texts, short ones and then a long
// one. ../browser-size.test.ts bundles it and runs the bundle: URL, and name and password of two users, are its arguments.

import { Endpoint, type Session } from 'msrp/browser'

async function exchange([uri = '', ...names]: string[]): Promise<void> {
  const [alice = '', alicesPassword = '', bob = '', bobsPassword = ''] = names
  const endpoint = new Endpoint()
  const toBob = { uri, username: bob, password: bobsPassword }
  const prepared = await endpoint.prepare({ relay: toBob, remotePath: 'first' })
  const toAlice = { uri, username: alice, password: alicesPassword }
  const caller = await endpoint.connect({ relay: toAlice, path: prepared.localPath })
  const { value: called } = await prepared.sessions().next()
  const both = async (text: string): Promise<void> => {
    await say(text, caller, called)
    await say(text, called, caller)
  }
  for (const text of ['Hello', 'Grüße 🙂', 'x'.repeat(2048)]) await both(text)
  console.log('exchanged short texts')
  await both('x'.repeat(10_000))
  await endpoint.close()
  console.log('exchanged a long one')
}

async function say(text: string, from: Session, to: Session): Promise<void> {
  const sent = from.send(text)
  const { value: message } = await to[Symbol.asyncIterator]().next()
  if ((await message.text()) !== text) throw new Error('another text came')
  await sent.delivered
}

void exchange(process.argv.slice(2))
