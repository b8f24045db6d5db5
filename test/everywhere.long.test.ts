import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tests } from './everywhere/sessions.ts'
import { launchChromium } from './support/chromium.ts'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { requires } from './support/requires.ts'
import { WebSocketRelay } from './support/web-socket-relay.ts'

// The tests of everywhere.test.ts in Chromium: both users are one page there, which reaches a real relay by wss.

let relay: WebSocketRelay
let browser: Browser | undefined
let page: Page | undefined

beforeEach((context) => requires(context, 'chromium'))

beforeAll(async () => {
  relay = await WebSocketRelay.start()
  browser = await launchChromium(relay)
  const serve = join(repositoryRoot, 'examples/browser/serve.ts')
  const server = startProgram(process.execPath, [serve, '0'], { lifetime: 'file' })
  const [, url = ''] = await server.line(/^(http:\S+)$/)
  page = await browser?.newPage()
  // Beside what that server has: the same file, without its types, as it does with the others.
  await page?.route('**/sessions.ts', (route) => {
    const text = readFileSync(join(repositoryRoot, 'test/everywhere/sessions.ts'), 'utf8')
    return route.fulfill({ contentType: 'text/javascript', body: stripTypeScriptTypes(text) })
  })
  await page?.goto(url)
})

afterAll(() => browser?.close())

describe('A session of msrp/browser in Chromium', () => {
  test.each(Object.keys(tests))('%s', async (name) => {
    const { alice, bob } = relay.relay
    const users = [alice, bob].map(({ username, password }) => ({ username, password }))
    // As text: what is a function here the test runner has changed.
    const outcome = await page?.evaluate(`(async () => {
      const [{ Endpoint }, { tests }] = await Promise.all([import('msrp/browser'), import('/sessions.ts')])
      await tests[${JSON.stringify(name)}]({ Endpoint, ...${JSON.stringify({ url: relay.url, users })} })
      return 'well'
    })()`)
    expect(outcome).toBe('well')
  })
})
