import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  completeSettings,
  createAuthority,
  issueCertificate,
  type RunningRelay,
  type SettingsInput,
  startRelay,
} from 'msrp-relay'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NodeEndpointOptions, prepare } from '../../src/index.ts'
import { nodeResolver } from '../../src/node/index.ts'
import { temporaryFolder } from '../node/temporary-folder.ts'
import { failure } from './stage.ts'

// Two relays behind one name (RFC 4976 §8), of which one has a user database that is down.

const folder = temporaryFolder()
const DOMAIN = 'relay.test'
const PASSWORD = 'a password'

let ca: string
let down: RunningRelay
let up: RunningRelay

beforeAll(async () => {
  const authority = await createAuthority()
  ca = authority.certificate
  const { certificate, key } = await issueCertificate({ names: [DOMAIN], ca: authority })
  await writeFile(join(folder.path, 'relay.pem'), certificate)
  await writeFile(join(folder.path, 'relay.key'), key)
  await writeFile(join(folder.path, 'ca.pem'), ca)
  const start = (users: SettingsInput['users']): Promise<RunningRelay> =>
    startRelay(
      completeSettings({
        listen: [{ host: '127.0.0.1', port: 0 }],
        advertised: { name: DOMAIN },
        tls: {
          certificate: join(folder.path, 'relay.pem'),
          key: join(folder.path, 'relay.key'),
          ca: join(folder.path, 'ca.pem'),
        },
        users,
        stateFolder: join(folder.path, 'state'),
        log: { level: 'silent' },
        drain: 0,
      }),
    )
  // Port 1 is one that nobody listens on.
  down = await start({ backend: 'postgresql', sql: { port: 1, name: 'kamailio', user: 'relay' } })
  up = await start({ backend: 'list', list: [{ user: `carol@${DOMAIN}`, password: PASSWORD }] })
})

afterAll(() => Promise.all([down, up].map((relay) => relay.close())))

function options(targets: RunningRelay[]): NodeEndpointOptions {
  return {
    tls: { ca },
    resolver: {
      ...nodeResolver(),
      lookup: async () => ['127.0.0.1'],
      resolveSrv: async () => targets.map(({ listeners }) => ({ host: DOMAIN, port: listeners[0]!.port })),
    },
  }
}

const relay = { uri: `msrps://${DOMAIN};tcp`, username: 'carol', password: PASSWORD }

test('a relay that cannot check credentials at present is passed over for the next target of the SRV record', async () => {
  const prepared = await prepare({ relay, ...options([down, up]) })
  expect(String(prepared.localPath)).toContain(`:${up.listeners[0]?.port}/`)
  expect([down.tokens, up.tokens]).toEqual([0, 1])
  await prepared.close()
})

test('when no relay can check them, that is what is told, and nothing of a wrong password', async () => {
  const error = await failure(prepare({ relay, ...options([down, down]) }))
  expect(error).toMatchObject({ code: 'refused', status: 403 })
  expect(error.message).toMatch(/refused AUTH: 403 credentials cannot be checked at the moment/)
})

test('a wrong password is not tried out at each of them', async () => {
  const wrong = { ...relay, password: 'another' }
  const error = await failure(prepare({ relay: wrong, ...options([up, up]) }))
  expect(error).toMatchObject({ code: 'unauthorized' })
  expect(up.counters.authenticationFailures).toBe(2)
})
