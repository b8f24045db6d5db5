// A bot that answers, with receipts: it tells that messages were delivered and displayed, shows that it is writing, and hears
// what becomes of its answers.
//
//   npx node examples/bot.ts                 the bot: prints its path, and answers whoever comes
//   npx node examples/bot.ts PATH TEXT …     somebody who writes to it, and waits for the answers

import { connect, listen, MsrpError, type Session } from 'msrp'
import { Composers, composerOn } from 'msrp/composing'
import { Receipts, type ReceivedIm } from 'msrp/imdn'

const BOT = 'Bot <sip:bot@example.com>'
const USER = 'User <sip:user@example.com>'

/** A stranger's text for the terminal, which control characters would command. */
function visible(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Tells of each notification about what was sent. */
function receiptsOn(session: Session, self: string, peer: string): Receipts {
  return new Receipts(session, {
    self,
    peer,
    onReceipt: ({ recipient, disposition }) => console.log(`${visible(recipient)}: ${disposition.status}`),
    // A person would be asked, or have a setting.
    consent: (im, type) => type === 'delivery' || im.contentType.startsWith('text/plain'),
  })
}

/** Undefined for what cannot be read as text, such as one of an unknown charset, or does not come to its end. */
async function textOf(im: ReceivedIm): Promise<string | undefined> {
  try {
    return await im.text()
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    console.error(`A message could not be read: ${error.message}`)
    return undefined
  }
}

async function answer(session: Session): Promise<void> {
  const receipts = receiptsOn(session, BOT, USER)
  const composer = composerOn(session)
  for await (const im of receipts) {
    const text = await textOf(im)
    if (text === undefined) continue
    console.log(`${visible(im.head?.from?.name ?? 'somebody')} writes: ${visible(text)}`)
    await im.displayed()
    composer.composing('text/plain')
    receipts.send(`You said: ${text}`)
    composer.sent()
  }
}

async function write(path: string, texts: readonly string[]): Promise<void> {
  const session = await connect({ path })
  const receipts = receiptsOn(session, USER, BOT)
  const composers = new Composers({
    onChange: ({ state }) => {
      if (state === 'active') console.log('the bot is writing')
    },
  })
  const sent = texts.map((text) => receipts.send(text))
  let answers = 0
  for await (const im of receipts) {
    if (await composers.take(im)) continue
    const text = await textOf(im)
    if (text !== undefined) {
      console.log(visible(text))
      await im.displayed()
    }
    if (++answers === texts.length) break
  }
  await Promise.all(sent.map(({ displayed }) => displayed))
  await session.close()
}

const [path, ...texts] = process.argv.slice(2)
if (path !== undefined && texts.length === 0) {
  console.error('usage: npx node examples/bot.ts [PATH TEXT …]')
  process.exitCode = 2
} else if (path !== undefined) {
  await write(path, texts)
} else {
  await using listener = await listen({ host: '127.0.0.1' })
  console.log(listener.localPath)
  for await (const session of listener) {
    // Beside each other: nobody waits for somebody else's session to end.
    answer(session).catch((error: unknown) => console.error(error))
  }
}
