import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import type { Transport } from '../../src/connection/transport.ts'
import { nodePlatform } from '../../src/node/index.ts'
import { Recorder } from '../transport/recorder.ts'
import { testAuthority } from '../transport/test-certificates.ts'
import { temporaryFolder } from './temporary-folder.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['relay.example.com'] })
const folder = temporaryFolder()
const platform = nodePlatform({ resolve: { 'relay.example.com': '127.0.0.1', 'srv1.example.com': '127.0.0.1' } })

const cleanups = cleanupsAfterEach()

describe('what an endpoint gets from Node', () => {
  it.each([
    ['TCP', false, 'relay.example.com', undefined],
    ['TLS', true, 'relay.example.com', undefined],
    ['TLS, at a host that SRV named, with the name that was looked for', true, 'srv1.example.com', 'relay.example.com'],
  ])('listens and dials over %s', async (_, secure, host, serverName) => {
    const accepted = Promise.withResolvers<Transport>()
    const listening = await platform.listen(secure ? { tls: certificate } : {}, accepted.resolve)
    cleanups.push(() => listening.close())
    expect(listening.host).toBe('127.0.0.1')
    const near = await platform.dial({ host, port: listening.port, secure, serverName, tls: { ca: authority.ca } })
    const far = await accepted.promise
    cleanups.push(() => {
      near.destroy()
      far.destroy()
    })
    const atFar = Recorder.on(far)
    near.write(new Uint8Array(5))
    await atFar.until(() => atFar.received === 5)
    expect([near.secure, far.secure]).toEqual([secure, secure])
  })

  it('says when the time before TCP asks for the far side is too short for TCP', () => {
    expect(() => nodePlatform({ tcpKeepAlive: 60 })).toThrow('tcpKeepAlive is in milliseconds, 1000 or more, not 60')
  })

  it('does not take the name of the host that SRV named for the one that was looked for', async () => {
    const listening = await platform.listen({ tls: certificate }, () => {})
    cleanups.push(() => listening.close())
    const target = { host: 'relay.example.com', port: listening.port, secure: true, serverName: 'other.example.com' }
    await expect(platform.dial({ ...target, tls: { ca: authority.ca } })).rejects.toMatchObject({ code: 'tls-name' })
  })

  it('needs a certificate to listen with TLS', async () => {
    await expect(platform.listen({ tls: { ca: authority.ca } }, () => {})).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/tls\.cert, tls\.key/),
    })
  })

  it('stores what overflows memory in the folder chosen, up to the limit', async () => {
    const spool = nodePlatform({ temporaryFolder: folder.path }).openSpool?.(70_000)
    const slot = spool?.allocate() ?? -1
    await spool?.write(slot, 2, Buffer.from('abc'))
    expect(Buffer.from((await spool?.read(slot, 3, 2)) ?? []).toString()).toBe('bc')
    expect(spool?.allocate()).toBeUndefined()
    spool?.retire()
  })

  it('stores a file under its name, or another when that is taken and numbers are wanted', async () => {
    const path = join(folder.path, 'photo.jpg')
    await writeFile(path, 'mine')
    const sink = await platform.createFile?.(path, { taken: 'number' })
    await sink?.write(0, Buffer.from('theirs'))
    const stored = await sink?.finish(6)
    expect(stored).toBe(join(folder.path, 'photo (2).jpg'))
    expect(await readFile(String(stored), 'latin1')).toBe('theirs')
    expect(await readFile(path, 'latin1')).toBe('mine')
  })

  it('says that a file cannot be stored before the first byte is written, and leaves nothing', async () => {
    const path = join(folder.path, 'taken')
    await writeFile(path, 'mine')
    await expect(platform.createFile?.(path, {})).rejects.toMatchObject({ code: 'storage' })
    const given = await platform.createFile?.(join(folder.path, 'given up'), {})
    await given?.discard()
    expect((await readdir(folder.path)).filter((name) => name.startsWith('.') || name === 'given up')).toEqual([])
  })
})
