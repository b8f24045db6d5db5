import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'msrp'
import { describe, expect, test } from 'vitest'
import { Link } from '../../../test/support/disturbed/link.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { startMsrp } from '../../../test/support/process.ts'
import { randomBytes } from '../../../test/support/random-file.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { eventsOf } from '../../../test/support/transfer.ts'
import { rawPeer } from './raw-peer.ts'
import { ok, receiver, sha256 } from './receiver.ts'

describe('a connection that is lost in the middle of a file', () => {
  /** A receiver behind a link. */
  async function behindLink(args: string[]): Promise<Awaited<ReturnType<typeof receiver>> & { link: Link }> {
    const [port, target] = [await freePort(), await freePort()]
    const cwd = temporaryFolder()
    const where = ['--listen', `127.0.0.1:${target}`, '--host', `127.0.0.1:${port}`, '--json']
    const program = startMsrp(['receive', ...where, ...args], { cwd })
    const [, path = ''] = await program.line(/--to '([^']+)'/)
    return { program, to: ['--to', path], ca: '', cwd, link: await Link.open(port, target) }
  }

  test('is made again, and what was not confirmed goes over it', async () => {
    const { program, to, cwd, link } = await behindLink(['--count', '1'])
    const bytes = randomBytes(5_000_000)
    const sender = startMsrp(['send', '-', '--name', 'film.bin', '--verbose', ...to])
    await sender.write(bytes.subarray(0, 3_000_000))
    await sender.line(/Byte-Range: 1-\d{7}\/\*/)
    link.connections[0]?.reset()
    await sender.line(/^Connected again, and going on\.$/)
    await sender.write(bytes.subarray(3_000_000))
    await sender.end()
    expect(await sender.exit()).toEqual(ok)
    expect(sender.stderr.text).toMatch(/Trying again; Ctrl-C gives up\./)
    const [, confirmed = ''] = /Byte-Range: 1-(\d{7})\/\*/.exec(sender.stderr.text) ?? []
    expect(sender.stderr.text).toContain(`Byte-Range: ${Number(confirmed) + 1}-`)
    expect(await program.exit()).toEqual(ok)
    const told = eventsOf(program).filter(({ event }) => event === 'error' || event === 'message')
    expect(told).toEqual([
      expect.objectContaining({ event: 'error', code: 'connection-lost' }),
      expect.objectContaining({ event: 'message', sha256: sha256(bytes), path: join(cwd, 'film.bin') }),
    ])
    expect(told[0]?.messageId).toBe(told[1]?.messageId)
    expect(readdirSync(cwd)).toEqual(['film.bin'])
  })

  test('is made again for standard input of which more was on its way than small memories hold', async () => {
    const bytes = 'Twelve bytes'.repeat(700_000)
    let connections = 0
    let received = ''
    const peer = await rawPeer({
      onRequest: (request) => {
        if (!request.hasBody) {
          connections++
          received = ''
          return request.answer(200)
        }
        received += request.body
        return request.answer(200) + (connections === 2 ? request.report(1, received.length) : '')
      },
      resetAfter: 7,
    })
    const sender = startMsrp(['send', '-', '--chunk-size', '1m', '--to', peer.path])
    await sender.write(Buffer.from(bytes))
    await sender.end()
    expect(await sender.exit()).toEqual(ok)
    expect(connections).toBe(2)
    expect(received === bytes).toBe(true)
  })

  test('sends all of it again to a receiver that has not kept the beginning', async () => {
    let hellos = 0
    const peer = await rawPeer({
      onRequest: (request) => {
        if (!request.hasBody) return request.answer(200)
        if (request.body === 'lo') return request.answer(413)
        return request.answer(200) + request.report(1, ++hellos === 1 ? 3 : 5)
      },
      hangUpAfter: 2,
    })
    const sender = startMsrp(['send', '--text', 'hello', '--to', peer.path])
    expect(await sender.exit()).toEqual(ok)
    expect(peer.bodies).toEqual(['hello', 'lo', 'hello'])
    expect(sender.stderr.text).toMatch(/has not kept what came before/)
  })

  test.each([
    ['shorter', 3],
    ['longer', 2],
  ])('a rest whose beginning is not there is refused by the receiver, also when it is %s', async (_, resumeFrom) => {
    const { program, to } = await receiver(['--count', '1'])
    const session = await connect({ path: to[1] ?? '' })
    const rest = session.send('hello', { fileName: 'a.txt', messageId: 'unheard0f', resumeFrom })
    await expect(rest.delivered).rejects.toMatchObject({ status: 413, message: expect.stringMatching(/came before/) })
    await session.send('something else').delivered
    await session.close()
    expect(await program.exit()).toEqual(ok)
  })
})
