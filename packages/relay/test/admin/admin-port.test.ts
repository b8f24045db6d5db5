import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { nodeClock } from 'msrp/node'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startProgram } from '../../../../test/support/process.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type AdminOptions, openAdmin } from '../../src/admin/open-admin.ts'
import { Secret } from '../../src/config/secret.ts'
import { TOKEN } from './admin.ts'

const lines: string[] = []
const log = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`)

async function open(options: Partial<AdminOptions>) {
  const admin = await openAdmin(
    { protectMetrics: false, names: [], ...options },
    { clock: nodeClock, log: { debug: log, info: log, warn: log } },
  )
  onTestFinished(() => admin.close())
  return admin
}

async function ask(where: { socketPath: string } | { host: string; port: number }, headers = {}, path = '/health') {
  const asked = get({ ...where, path, headers })
  const [response] = await once(asked, 'response')
  return { status: response.statusCode as number, body: await text(response) }
}

describe('the admin port', () => {
  it('is none unless the configuration has one', async () => {
    expect((await open({})).address).toBeUndefined()
  })

  it('is on loopback unless another address is named', async () => {
    const { address } = await open({ port: 0 })
    expect(address).toEqual({ host: '127.0.0.1', port: expect.any(Number) })
    expect(await ask(address!)).toEqual({ status: 200, body: '{"status":"ok"}' })
  })

  it('says that the relay starts before there is one', async () => {
    const { address } = await open({ port: 0 })
    const { status, body } = await ask(address!, {}, '/ready')
    expect([status, JSON.parse(body).reason]).toEqual([503, 'the relay is starting'])
  })

  it('is a unix socket for its owner and group, which goes away with it', async () => {
    const socket = join(temporaryFolder(), 'admin.sock')
    const admin = await open({ socket })
    expect(statSync(socket).mode & 0o777).toBe(0o660)
    expect((await ask({ socketPath: socket })).status).toBe(200)
    await admin.close()
    expect(existsSync(socket)).toBe(false)
  })

  it('takes the place of a socket that a killed process has left, and not of one that is in use', async () => {
    const socket = join(temporaryFolder(), 'admin.sock')
    const script = `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => console.log('listens'))`
    const killed = startProgram(process.execPath, ['-e', script])
    await killed.line(/listens/)
    killed.kill('SIGKILL')
    await killed.exit()
    expect(existsSync(socket)).toBe(true)
    await open({ socket })
    expect((await ask({ socketPath: socket })).status).toBe(200)
    await expect(open({ socket })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(socket),
    })
    expect((await ask({ socketPath: socket })).status).toBe(200)
  })

  it('leaves a file alone that is no socket', async () => {
    const path = join(temporaryFolder(), 'relay.toml')
    writeFileSync(path, 'not ours')
    await expect(open({ socket: path })).rejects.toMatchObject({ code: 'unreachable' })
    expect(readFileSync(path, 'utf8')).toBe('not ours')
  })

  it('that is in use is an error that names it; nothing is left open', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = join(temporaryFolder(), 'admin.sock')
    await expect(open({ port, socket })).rejects.toMatchObject({
      code: 'unreachable',
      message: `cannot open the admin port at 127.0.0.1:${port}: something else listens there; choose another`,
    })
    expect(existsSync(socket)).toBe(false)
  })

  it('does not open with a token that anybody could guess', async () => {
    for (const token of ['short', 'sixteen letters and spaces']) {
      await expect(open({ port: 0, token: new Secret(token) })).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('takes another token without closing', async () => {
    const admin = await open({ port: 0, token: new Secret(TOKEN) })
    const status = async (token: string): Promise<number> =>
      (await ask(admin.address!, { authorization: `Bearer ${token}` }, '/trace')).status
    expect([await status(TOKEN), await status(`${TOKEN}2`)]).toEqual([200, 401])
    admin.reconfigure({ protectMetrics: true, names: [], token: new Secret(`${TOKEN}2`) })
    expect([await status(TOKEN), await status(`${TOKEN}2`)]).toEqual([401, 200])
    expect((await ask(admin.address!, {}, '/metrics')).status).toBe(401)
    expect(() => admin.reconfigure({ protectMetrics: false, names: [], token: new Secret('short') })).toThrow(/fewer/)
    expect(await status(`${TOKEN}2`)).toBe(200)
    expect(lines.join('\n')).not.toContain(TOKEN)
  })

  it('closes although somebody holds a connection open', async () => {
    const admin = await open({ port: 0 })
    const asked = get({ ...admin.address!, path: '/health', headers: { connection: 'keep-alive' } })
    asked.on('error', () => {})
    await once(asked, 'response')
    await admin.close()
    await expect(ask(admin.address!)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
