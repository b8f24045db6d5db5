#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// In a clone the sources run as they are; what Node makes of them is kept, which halves the time of every start.
if (import.meta.url.endsWith('.ts')) {
  enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/msrp', import.meta.url)))
}

const { run } = await import('./run.ts')
process.exit(await run(process.argv.slice(2)))
