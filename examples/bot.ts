// A bot that answers, with receipts: it tells that messages were delivered and displayed, shows that it is writing, and hears
// what becomes of its answers.
//
//   node examples/bot.ts                 the bot: prints its path, and answers whoever comes
//   node examples/bot.ts PATH TEXT …     somebody who writes to it, and waits for the answers

import { connect, listen, type Session } from 'msrp'
import { Composers, composerOn } from 'msrp/composing'
import { Receipts } from 'msrp/imdn'

const BOT = 'Bot <sip:bot@example.com>'
const USER = 'User <sip:user@example.com>'

/** Tells of each notification about what was sent. */
function receiptsOn(session: Session, self: string, peer: string): Receipts {
  return new Receipts(session, {
    self,
    peer,
    onReceipt: ({ recipient, disposition }) => console.log(`${recipient}: ${disposition.status}`),
    // A person would be asked, or have a setting.
    consent: (im, type) => type === 'delivery' || im.contentType.startsWith('text/plain'),
  })
}

async function answer(session: Session): Promise<void> {
  const receipts = receiptsOn(session, BOT, USER)
  const composer = composerOn(session)
  for await (const im of receipts) {
    const text = await im.text()
    console.log(`${im.head?.from?.name ?? 'somebody'} writes: ${text}`)
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
    console.log(await im.text())
    await im.displayed()
    if (++answers === texts.length) break
  }
  await Promise.all(sent.map(({ displayed }) => displayed))
  await session.close()
}

const [path, ...texts] = process.argv.slice(2)
if (path !== undefined) {
  await write(path, texts)
} else {
  await using listener = await listen({ host: '127.0.0.1' })
  console.log(listener.localPath)
  for await (const session of listener) await answer(session)
}
