import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { startProgram } from './support/process.ts'
import { writeRandomFile } from './support/random-file.ts'
import type { RelayUser } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, startReceiver, startSender } from './support/transfer.ts'
import { basic, WebSocketRelay } from './support/web-socket-relay.ts'

// The page of examples/browser in a real browser, against clients by TLS. MSRP_TEST_SCREENSHOTS=FOLDER keeps what it shows.

const MiB = 1024 * 1024

let relay: WebSocketRelay
let url: string
let browser: Browser | undefined

beforeEach((context) => requires(context, 'chromium'))

beforeAll(async () => {
  relay = await WebSocketRelay.start()
  browser = await launchChromium(relay)
  const server = startProgram(process.execPath, [join(repositoryRoot, 'examples/browser/serve.ts'), '0'], {
    lifetime: 'file',
  })
  ;[, url = ''] = await server.line(/^(http:\S+)$/)
})

afterAll(() => browser?.close())

describe('a page in Chromium', () => {
  test('sends texts and 50 MB to a client by TLS, and shows the progress', async () => {
    const file = await writeRandomFile(join(temporaryFolder(), 'holiday.bin'), 50 * MiB, 3)
    const { alice, bob } = relay.relay
    const receiver = await startReceiver({ receiver: relay.relay.options(bob), sender: [] }, { args: ['--count', '2'] })
    const page = await open(relay.url, alice)
    await page.fill('[name=path]', receiver.to[1] ?? '')
    await page.click('#call button')
    await page.waitForSelector('#talk fieldset:enabled')
    await page.fill('[name=text]', 'Grüße aus dem Browser')
    await page.setInputFiles('[name=file]', file.path)
    await page.click('#talk button')
    const seen = await watchProgress(page, '#log .sent progress')
    await page.waitForSelector('#log .sent[data-state=delivered] progress', { timeout: 240_000 })
    await screenshot(page, 'sent')
    await expectExit(receiver.program)
    expect(eventsNamed(receiver.program, 'message')).toEqual([
      expect.objectContaining({ text: 'Grüße aus dem Browser' }),
      expect.objectContaining({ name: 'holiday.bin', size: file.size, sha256: file.sha256 }),
    ])
    // The receiver confirms once a second.
    expectGrowth(await seen(), file.size, 3)
  })

  test.each([
    ['by wss, with ;tcp in its path', true, () => relay.url],
    ['by ws from this machine, with ;ws in its path', false, () => `ws://localhost:${relay.ws}/msrp`],
  ])('gets texts and 50 MB from a client by TLS, %s, and shows the progress', async (_, tcp, at) => {
    const file = await writeRandomFile(join(temporaryFolder(), 'film.bin'), 50 * MiB, 4)
    const { alice, bob } = relay.relay
    const page = await open(at(), bob, { tcp })
    const path = (await page.textContent('#path')) ?? ''
    expect(path).toMatch(tcp ? /\.invalid:2855\/\w+;tcp$/ : /\.invalid:2855\/\w+;ws$/)
    const to = ['--to', path, ...relay.relay.options(alice)]
    const sender = startSender(['--text', 'Hallo Browser', file.path], { to })
    const seen = await watchProgress(page, '#log .received progress')
    await page.waitForSelector('#log .received[data-state=complete]', { timeout: 240_000 })
    await screenshot(page, tcp ? 'received-wss' : 'received-ws')
    await expectExit(sender)
    const log = (await page.textContent('#log')) ?? ''
    expect(log).toContain('Hallo Browser')
    expect(log).toContain(`${file.size} bytes, SHA-256 ${file.sha256}`)
    expectGrowth(await seen(), file.size, 6)
  })

  test('logs in by a cookie that it was given, without a password of its own', async () => {
    const page = await aPage()
    await page.goto(url)
    // To a browser a page by http and a WebSocket by wss are not of one site.
    const cookie = { name: 'relay', value: basic(relay.relay.alice), domain: 'localhost', path: '/' }
    await page.context().addCookies([{ ...cookie, sameSite: 'Lax', httpOnly: true }])
    // As text: what is a function here the test runner has changed.
    const path = await page.evaluate(`(async () => {
      const { Endpoint } = await import('msrp/browser')
      const endpoint = new Endpoint()
      const { localPath } = await endpoint.prepare({ relay: { uri: 'ws://localhost:${relay.ws}/msrp' } })
      await endpoint.close()
      return localPath
    })()`)
    expect(path).toMatch(/^msrps:\/\/localhost:\d+\/\w+;tcp msrps:\/\/\w+\.invalid:2855\/\w+;ws$/)
    await page.context().clearCookies()
  })

  test('is told what can be known where the relay does not let it in', async () => {
    const { alice } = relay.relay
    const page = await aPage()
    // Another name for the same server: another origin, which the relay does not have among its own.
    await page.goto(url.replace('localhost', 'page.localhost'))
    await login(page, relay.url, alice)
    await page.waitForSelector('#log .failed')
    expect(await page.textContent('#log')).toMatch(/cannot connect to wss:.*does not let in pages from this origin/)
  })

  test('is told that a password is wrong', async () => {
    const { alice } = relay.relay
    const page = await aPage()
    await page.goto(url)
    await login(page, relay.url, { ...alice, password: 'no' })
    await page.waitForSelector('#log .failed')
    expect(await page.textContent('#log')).toMatch(/does not accept this user name or password/)
  })
})

describe('the file drop in Chromium', () => {
  test('takes what is dropped on it to the disk of the other page, several files at once, and offers them there', async () => {
    const { alice, bob } = relay.relay
    const folder = temporaryFolder()
    const files = await Promise.all([
      writeRandomFile(join(folder, 'film.mkv'), 30 * MiB, 5),
      writeRandomFile(join(folder, 'Übersicht.pdf'), 100_000, 6),
    ])
    const [sender, receiver] = [await aFileDrop(alice), await aFileDrop(bob)]
    await sender.fill('[name=address]', (await receiver.textContent('#address')) ?? '')
    await sender.click('#connect button')
    await sender.waitForSelector('#drop:not([inert])')
    // Files are quick: the bar of the first may be gone before the second is dropped.
    const shown = receiver.waitForSelector('#files progress').then(() => screenshot(receiver, 'file-drop'))
    await sender.setInputFiles('#drop input', files[0].path)
    await drop(sender, 'Übersicht.pdf', files[1].path)
    await shown
    await receiver.waitForFunction(() => document.querySelectorAll('#files .done').length === 2, undefined, {
      timeout: 120_000,
    })
    await sender.waitForFunction(() => document.querySelectorAll('#files .done').length === 2)
    await screenshot(sender, 'file-drop-sent')
    expect(
      await receiver.evaluate('navigator.storage.getDirectory().then((it) => Array.fromAsync(it.keys()))'),
    ).toHaveLength(2)
    for (const { path, sha256 } of files) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const [download] = await Promise.all([
        receiver.waitForEvent('download'),
        receiver.click(`#files li:has-text("${name}") a`),
      ])
      expect(download.suggestedFilename()).toBe(name)
      expect(
        createHash('sha256')
          .update(readFileSync(await download.path()))
          .digest('hex'),
      ).toBe(sha256)
    }
  })
})

/** Drops a file as a hand does. */
async function drop(page: Page, name: string, path: string): Promise<void> {
  const base64 = readFileSync(path, 'base64')
  await page.evaluate(
    async ({ name, base64 }) => {
      const bytes = await (await fetch(`data:;base64,${base64}`)).blob()
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([bytes], name))
      document.querySelector('#drop')?.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
    },
    { name, base64 },
  )
}

/** A file drop of its own context, so that each has its own part of the disk, logged in. */
async function aFileDrop(user: RelayUser): Promise<Page> {
  if (browser === undefined) throw new Error('no browser')
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.on('pageerror', (error) => expect.fail(String(error)))
  await page.goto(new URL('file-drop.html', url).href)
  await login(page, relay.url, user)
  await page.waitForFunction(() => document.querySelector('#address')?.textContent !== '')
  return page
}

async function aPage(): Promise<Page> {
  if (browser === undefined) throw new Error('no browser')
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  return page
}

/** A page that has logged in to the relay. */
async function open(at: string, user: RelayUser, options: { tcp?: boolean } = {}): Promise<Page> {
  const page = await aPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  onTestFinished(() => expect(errors).toEqual([]))
  await page.goto(url)
  if (options.tcp) await page.check('[name=tcp]')
  await login(page, at, user)
  await page.waitForSelector('#call fieldset:enabled')
  return page
}

async function login(page: Page, at: string, user: RelayUser): Promise<void> {
  await page.fill('[name=url]', at)
  await page.fill('[name=username]', user.username)
  await page.fill('[name=password]', user.password)
  await page.click('#login button')
}

/** Notes what a bar shows from now on; gives it when the page is done. */
async function watchProgress(page: Page, selector: string): Promise<() => Promise<number[]>> {
  await page.waitForSelector(selector, { timeout: 60_000 })
  const values = page.evaluateHandle((bar) => {
    const noted: number[] = []
    const look = (): void => {
      const value = (document.querySelector(bar) as HTMLProgressElement).value
      if (value !== noted.at(-1)) noted.push(value)
      requestAnimationFrame(look)
    }
    look()
    return noted
  }, selector)
  const handle = await values
  return () => handle.jsonValue()
}

function expectGrowth(values: number[], size: number, steps: number): void {
  expect(values.length).toBeGreaterThanOrEqual(steps)
  expect(values).toEqual(values.toSorted((one, other) => one - other))
  expect(values.at(-1)).toBe(size)
}

async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.MSRP_TEST_SCREENSHOTS
  if (folder !== undefined) await page.screenshot({ fullPage: true, path: join(folder, `${name}.png`) })
}
