import { join } from 'node:path'
import { connect } from 'msrp'
import { Receipts } from 'msrp/imdn'
import { expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { expectExit } from './support/transfer.ts'

const example = join(repositoryRoot, 'examples/bot.ts')

test('the bot answers, with receipts, and goes on after what it cannot read', async () => {
  const bot = startProgram(process.execPath, [example])
  const [path] = await bot.stdout.line(/^msrp:.*$/)
  const session = await connect({ path })
  const receipts = new Receipts(session, { self: 'sip:user@example.com', peer: 'sip:bot@example.com' })
  const strange = receipts.send('Hello', { contentType: 'text/plain;charset=klingon' })
  const hello = receipts.send('Hello')
  const answers: string[] = []
  for await (const im of receipts) {
    if (!im.contentType.startsWith('text/plain')) continue
    answers.push(await im.text())
    break
  }
  expect(answers).toEqual(['You said: Hello'])
  void (async () => {
    for await (const _ of receipts);
  })()
  await Promise.all([strange.delivered, hello.displayed])
  await bot.stderr.line(/could not be read: .*klingon/)
  expect(strange.dispositions.has('display')).toBe(false)
  await session.close()
  bot.kill('SIGTERM')
  await bot.exit()
})

test('somebody writes to the bot and waits for its answers', async () => {
  const bot = startProgram(process.execPath, [example])
  const [path] = await bot.stdout.line(/^msrp:.*$/)
  const user = startProgram(process.execPath, [example, path, 'one', 'two'])
  await expectExit(user)
  expect(user.stdout.lines).toEqual(expect.arrayContaining(['You said: one', 'You said: two', 'the bot is writing']))
  bot.kill('SIGTERM')
  await bot.exit()
})
