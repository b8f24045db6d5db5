import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Metric, readExposition } from '../../packages/relay/test/admin/exposition.ts'
import { type RelayOptions, startRelay, type TestRelay, type TomlSettings } from './relay.ts'
import { temporaryFolderOfFile } from './temporary-folder.ts'

/** The token of its admin port. */
export const ADMIN_TOKEN = 'dGhpcyBpcyBhIHRlc3QgdG9rZW4'

/** A relay whose admin port and accounting a test looks at. */
export interface Administered {
  relay: TestRelay
  url: string
  folder: string
  tokenFile: string
  /** The options of a command that talks to it. */
  options: string[]
}

/** A relay with an admin port on a free port and a unix socket, and with accounting into a file and a database. */
export async function administeredRelay(options: RelayOptions = {}): Promise<Administered> {
  const folder = temporaryFolderOfFile()
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${ADMIN_TOKEN}\n`, { mode: 0o600 })
  const settings: TomlSettings = {
    admin: { port: 0, socket: join(folder, 'admin.sock'), token: ADMIN_TOKEN },
    accounting: { file: join(folder, 'sessions.jsonl'), database: join(folder, 'sessions.sqlite') },
    ...options.settings,
  }
  const relay = await startRelay({ lifetime: 'file', ...options, settings })
  const [, port = ''] = await relay.program.stderr.line(/127\.0\.0\.1:(\d+)".*the admin port is open/)
  const url = `http://127.0.0.1:${port}`
  return { relay, url, folder, tokenFile, options: ['--admin', `127.0.0.1:${port}`, '--token-file', tokenFile] }
}

/** What it answers to `GET /metrics`. */
export async function metricsOf({ url }: Administered): Promise<Map<string, Metric>> {
  const response = await fetch(`${url}/metrics`)
  expect(response.status).toBe(200)
  return readExposition(await response.text())
}

/** What a test looks at in a record of a session. */
export interface Kept {
  id: string
  account: string
  reason: string
  sent_bytes: number
  sent_messages: number
  received_bytes: number
  received_messages: number
}

/** The records in its file, of which each line is whole. */
export function keptIn({ folder }: Administered, path: string = join(folder, 'sessions.jsonl')): Kept[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Kept)
}

/** What a call answers once it fits. */
export async function answered<Answer>(
  url: string,
  fits: (status: number, answer: Answer) => boolean,
): Promise<Answer> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const response = await fetch(url, bearer)
    const answer = (await response.json()) as Answer
    if (fits(response.status, answer)) return answer
    if (performance.now() > deadline) throw new Error(`${url} answers ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const bearer = { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } }
