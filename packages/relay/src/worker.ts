// What a worker's process runs. It is started by a relay of several processes, which talks to it, and by nobody else.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// As the command does in a clone: what Node makes of the sources is kept.
if (import.meta.url.endsWith('.ts')) {
  enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/msrp', import.meta.url)))
}

const [{ startRelay }, { runWorker }] = await Promise.all([
  import('./running-relay.ts'),
  import('./workers/worker-process.ts'),
])
runWorker(startRelay)
