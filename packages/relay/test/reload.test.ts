import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../test/support/free-port.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { completeSettings, Secret, type SettingsInput } from '../src/config/index.ts'
import { startRelay } from '../src/running-relay.ts'

const silent = () => {}
const log = { debug: silent, info: silent, warn: silent, error: silent, setLevel: silent }

async function start(input: SettingsInput = {}) {
  const stateFolder = temporaryFolder()
  const settings = (changed: SettingsInput = {}) =>
    completeSettings({ stateFolder, drain: 0, listen: [{ host: '127.0.0.1', port: 0 }], ...input, ...changed })
  const relay = await startRelay(settings(), { log: log as never })
  onTestFinished(() => relay.close())
  return { relay, settings, stateFolder }
}

test('settings of which one part cannot be had change no other part', async () => {
  const token = 'the token before it'.replaceAll(' ', '-')
  const { relay, settings, stateFolder } = await start({ admin: { port: 0, token: new Secret(token) } })
  const wanted = settings({
    accounting: { file: join(stateFolder, 'records.jsonl') },
    admin: { port: 0, token: new Secret('another-token-altogether') },
    users: { backend: 'http', http: { url: 'https://accounts.example.com/', ca: '/nowhere/ca.pem' } },
  })
  await expect(relay.reload(wanted)).rejects.toMatchObject({ code: 'storage' })
  const { host, port } = relay.adminAddress ?? { host: '', port: 0 }
  const ask = async (bearer: string) =>
    (await fetch(`http://${host}:${port}/sessions`, { headers: { authorization: `Bearer ${bearer}` } })).status
  expect([await ask(token), await ask('another-token-altogether')]).toEqual([200, 401])
})

test('a relay that is stopping opens nothing any more', async () => {
  const { relay, settings } = await start()
  const [during, after] = [await freePort(), await freePort()]
  const listen = (port: number) => settings({ listen: [{ host: '127.0.0.1', port }] })
  const reloaded = relay.reload(listen(during)).catch((error) => error.code)
  const closed = relay.close()
  await Promise.all([reloaded, closed])
  await expect(relay.reload(listen(after))).rejects.toMatchObject({ code: 'closed' })
  for (const port of [during, after]) expect(await reaches(port)).toBe(false)
})

function reaches(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: '127.0.0.1' }, () => {
    socket.destroy()
    resolve(true)
  })
  socket.on('error', () => resolve(false))
  return promise
}
