#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

// In a clone the sources run as they are; what Node makes of them is kept, which halves the time of every start.
if (import.meta.url.endsWith('.ts')) {
  enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/msrp', import.meta.url)))
}

// Small objects with memory outside of V8's heap, of which it counts only the former, come and go by the thousands: it would
// let its young generation grow until tens of MB of them lie about.
setFlagsFromString('--semi-space-growth-factor=1')

const { run } = await import('./run.ts')
process.exit(await run(process.argv.slice(2)))
