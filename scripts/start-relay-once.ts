// A step of `npm test`: the relay, as `npm start` runs it but for its port and its folder, starts on nothing, answers,
// stops when asked to, and starts again on the state that it has left. What vitest accepts Node may refuse; this runs
// what users run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'msrp-start-'))
try {
  const port = await freePort()
  const config = join(folder, 'relay.toml')
  const stateFolder = JSON.stringify(join(folder, 'state'))
  writeFileSync(config, `state_folder = ${stateFolder}\n[[listen]]\nhost = "127.0.0.1"\nport = ${port}\n`)
  for (const state of ['no state', 'the state it left']) console.log(`on ${state}: ${await startAndStop(config, port)}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function startAndStop(config: string, port: number): Promise<string> {
  const begin = performance.now()
  const relay = spawn(process.execPath, [main, 'relay', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [relay.stdout, relay.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const end = once(relay, 'close')
  try {
    while (!(await answers(port))) {
      if (relay.exitCode !== null) throw new Error('ended by itself')
      if (performance.now() - begin > 20_000) throw new Error('does not answer')
      await delay(50)
    }
    const ready = performance.now()
    relay.kill('SIGTERM')
    const [code] = await Promise.race([end, delay(15_000, ['still running'], { ref: false })])
    if (code !== 0 && code !== 143) throw new Error(`SIGTERM should end it with 143, but: ${code}`)
    return `ready after ${Math.round(ready - begin)} ms, gone after another ${Math.round(performance.now() - ready)} ms`
  } catch (error) {
    throw new Error(`the relay ${error instanceof Error ? error.message : error}\n${output}`)
  } finally {
    relay.kill('SIGKILL')
    await end
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
