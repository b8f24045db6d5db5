import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HostsFile } from '../../src/node/hosts-file.ts'
import { nodeResolver } from '../../src/node/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()

it('knows the names of its lines, with all their addresses, and what it is changed to', async () => {
  const path = join(folder.path, 'hosts')
  const hosts = new HostsFile(path)
  expect(await hosts.addresses('relay')).toEqual([])
  await writeFile(
    path,
    '# relay 192.0.2.9\r\n\n192.0.2.1\tRelay.Example.com relay # relay2\r\n2001:db8::1 relay relay\nnonsense relay\n192.0.2.1 relay\n',
  )
  expect(await hosts.addresses('relay')).toEqual(['192.0.2.1', '2001:db8::1'])
  expect(await hosts.addresses('relay.example.com')).toEqual(['192.0.2.1'])
  expect(await hosts.addresses('relay2')).toEqual([])
  await writeFile(path, '192.0.2.20 relay\n')
  expect(await hosts.addresses('relay')).toEqual(['192.0.2.20'])
  await rm(path)
  expect(await hosts.addresses('relay')).toEqual([])
})

it('of the machine has localhost, and goes before DNS', async () => {
  expect(await new HostsFile().addresses('localhost')).toContain('127.0.0.1')
  const path = join(folder.path, 'first')
  await writeFile(path, '192.0.2.1 relay.invalid\n')
  expect(await nodeResolver({ hostsFile: path }).lookup('Relay.invalid.')).toEqual(['192.0.2.1'])
})
