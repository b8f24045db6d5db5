import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileSelector } from 'msrp/file'
import { SessionDescription } from 'msrp/sdp'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

import {
  awaitDescription,
  checkNoOffer,
  holdPlace,
  offersSomething,
  readDescriptionFile,
  removeDescription,
  writeDescription,
} from '../src/exchange/description-file.ts'
import { reachOf } from '../src/exchange/reach.ts'
import { RestingOffer } from '../src/exchange/resting-offer.ts'

import { Output } from '../src/terminal/output.ts'

const output = new Output({ json: true, stop: () => {} })
output.say = () => {}
const { signal } = new AbortController()

const description = (port: number, session = 'a'): string =>
  [
    ...['v=0', 'o=- 1 1 IN IP4 192.0.2.7', 's=-', 'c=IN IP4 192.0.2.7', 't=0 0', `m=message ${port} TCP/MSRP *`],
    ...['a=accept-types:*', `a=path:msrp://192.0.2.7:${port}/${session};tcp`, ''],
  ].join('\r\n')

const selector = (name: string, size: number): FileSelector => ({
  name,
  size,
  hashes: [
    { algorithm: 'sha-1', digest: '11'.repeat(20) },
    { algorithm: 'sha-256', digest: '22'.repeat(32) },
  ],
})

test('--tls is TLS or nothing, also towards one whose path is without', async () => {
  expect(await reachOf({ tls: true }, output)).toEqual({ tls: {}, secure: true })
  expect(await reachOf({}, output, { tls: true })).toEqual({ tls: {}, secure: false })
})

describe('a description in a file', () => {
  test('is there at once or not at all, and for nobody else on the machine', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    await writeDescription(place, description(2855), output)
    await writeDescription(place, description(2856), output)
    expect(await readDescriptionFile(place)).toBe(description(2856))
    expect(statSync(place).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(place, '..'))).toEqual(['offer.sdp'])
  })

  test('is waited for: what was there before, what is at rest and what is half written are not it', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    writeFileSync(place, description(1))
    const before = await readDescriptionFile(place)
    const came = awaitDescription({ kind: 'offer', place, before, fits: offersSomething }, { output, signal })
    for (const text of [description(0), description(2).slice(0, -40), description(2)]) writeFileSync(place, text)
    expect(await came).toBe(description(2))
  })

  test('that cannot be read, or is too large, is a mistake at once', async () => {
    const place = join(temporaryFolder(), 'large.sdp')
    writeFileSync(place, 'v=0\n'.repeat(100_000))
    for (const path of [place, join(place, '..')]) {
      const coming = awaitDescription({ kind: 'offer', place: path, fits: offersSomething }, { output, signal })
      await expect(coming).rejects.toMatchObject({ code: 'file-unreadable' })
    }
  })

  test('is waited for no longer than the user wants', async () => {
    const controller = new AbortController()
    const place = join(temporaryFolder(), 'offer.sdp')
    const options = { output, signal: controller.signal }
    const coming = awaitDescription({ kind: 'answer', place, fits: () => true }, options)
    controller.abort(new Error('enough'))
    await expect(coming).rejects.toThrow('enough')
  })

  test('that cannot be written is an error of storage', async () => {
    await expect(writeDescription('/dev/null/x', 'v=0', output)).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('a description that this command did not write', () => {
  test('stays where it is: what to do with it is a mistake of usage', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    await checkNoOffer(place, '--take', () => false)
    writeFileSync(place, description(2855))
    await expect(checkNoOffer(place, '--take', () => false)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(`--take ${place}`),
    })
    await checkNoOffer(place, '--take', () => true)
    expect(readFileSync(place, 'utf8')).toBe(description(2855))
  })

  test('is not removed', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    await writeDescription(place, description(1), output)
    await removeDescription(place, description(2))
    expect(existsSync(place)).toBe(true)
    await removeDescription(place, description(1))
    expect(existsSync(place)).toBe(false)
    const resting = new RestingOffer(place, output)
    await resting.write([{ selector: selector('a.bin', 1000), bytes: 500 }])
    writeFileSync(place, description(3))
    await resting.remove()
    expect(readFileSync(place, 'utf8')).toBe(description(3))
  })
})

test('one command at a time offers at a place, and leaves nothing there', async () => {
  const folder = temporaryFolder()
  const place = join(folder, 'offer.sdp')
  const held = await holdPlace(place)
  await expect(holdPlace(place)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/another msrp .*offer\.sdp/),
  })
  const standard = await holdPlace('-')
  await standard[Symbol.asyncDispose]()
  await held[Symbol.asyncDispose]()
  expect(readdirSync(folder)).toEqual([])
  await (await holdPlace(place))[Symbol.asyncDispose]()
  await expect(holdPlace('/dev/null/offer.sdp')).rejects.toMatchObject({ code: 'storage' })
})

describe('an offer at rest', () => {
  const ranged = (port: number, range: string): string =>
    [
      ...[...description(port).trimEnd().split('\r\n'), 'a=sendonly'],
      `a=file-selector:name:"a.bin" size:1000 hash:sha-256:${Array.from({ length: 32 }, () => '22').join(':')}`,
      ...['a=file-transfer-id:abcdefgh', `a=file-range:${range}`, ''],
    ].join('\r\n')

  test.each([
    [0, '1001-*', 1000],
    [2855, '501-*', 500],
    // Nobody offers what is behind the end, or nothing.
    [2855, '1001-*', 0],
    [0, '5001-*', 0],
  ])('with port %i and the range %s: so much was confirmed: %i', async (port, range, confirmed) => {
    const place = join(temporaryFolder(), 'offer.sdp')
    writeFileSync(place, ranged(port, range), { mode: 0o600 })
    expect((await new RestingOffer(place, output).read())(selector('a.bin', 1000))).toBe(confirmed)
  })

  test.skipIf(process.platform === 'win32')('that others can write is not believed', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    writeFileSync(place, ranged(0, '1001-*'))
    chmodSync(place, 0o666)
    expect((await new RestingOffer(place, output).read())(selector('a.bin', 1000))).toBe(0)
  })

  test('says what was confirmed of which file, and offers nothing', async () => {
    const place = join(temporaryFolder(), 'offer.sdp')
    const [half, whole] = [selector('a.bin', 1000), selector('b.bin', 7)]
    await new RestingOffer(place, output).write([
      { selector: half, bytes: 500 },
      { selector: whole, bytes: 7 },
    ])
    const known = await new RestingOffer(place, output).read()
    expect([half, whole].map(known)).toEqual([500, 7])
    // Another name, or another content of the same name, is another file.
    expect(known(selector('c.bin', 1000))).toBe(0)
    expect(known({ ...half, hashes: [{ algorithm: 'sha-256', digest: '33'.repeat(32) }] })).toBe(0)
    expect(offersSomething(SessionDescription.parse(readFileSync(place, 'utf8')))).toBe(false)
  })

  test.each([
    ['an offer that nobody answered', description(2855)],
    ['something else', 'my diary'],
  ])('%s of the same name says nothing', async (_, text) => {
    const place = join(temporaryFolder(), 'offer.sdp')
    writeFileSync(place, text)
    expect((await new RestingOffer(place, output).read())(selector('a.bin', 1000))).toBe(0)
  })
})
