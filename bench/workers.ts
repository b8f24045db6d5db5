// node bench/workers.ts [--runs 3] [--seconds 4]: one process and two workers, on two cores that they share with the load.
// Unlike the other cases nobody has a core for himself, so that what limits is the sum of both: see README.md.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compileLoad, type Measured, runLoad } from './load.ts'
import { inside, runInNamespace } from './namespace.ts'
import { makeCertificate } from './peers/certificate.ts'
import { startRelay } from './peers/relay.ts'
import { median } from './statistics.ts'

const CORES = '0,1'

/** What is compared, by the lines that its configuration has for it. */
const contenders = {
  'one process': [],
  'two workers, ports': ['[workers]', 'count = 2', 'first_port = 7310'],
  'two workers, single-port': ['[workers]', 'count = 2', 'mode = "single-port"'],
} as const

const cases = {
  'MB/s, 8 sessions, chunks of 64 KiB': {
    load: ['bulk', '--sessions', '8', '--chunk', '65536'],
    rate: ({ bytes, seconds }: Measured) => bytes / seconds / 1e6,
  },
  'messages/s, 8 sessions, 200 bytes': {
    load: ['messages', '--sessions', '8', '--chunk', '200', '--window', '16'],
    rate: ({ messages, seconds }: Measured) => messages / seconds,
  },
  'logins/s, with their TLS handshakes': {
    load: ['setup', '--concurrent', '32'],
    rate: ({ setUps, seconds }: Measured) => setUps / seconds,
  },
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, seconds: { type: 'string', default: '4' } },
})
const folder = process.env.MSRP_BENCH_FOLDER ?? mkdtempSync(join(tmpdir(), 'msrp-bench-'))
if (inside) {
  await compare()
} else {
  try {
    process.env.MSRP_BENCH_FOLDER = folder
    compileLoad(folder)
    process.exitCode = await runInNamespace()
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}

async function compare(): Promise<void> {
  const certificate = await makeCertificate()
  const clone = fileURLToPath(new URL('..', import.meta.url))
  console.log(
    `load of the machine at the start: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  )
  for (const [title, { load, rate }] of Object.entries(cases)) {
    const rates = new Map<string, number[]>()
    const costs = new Map<string, number[]>()
    // In turn, so that whatever else the machine does falls on all of them.
    for (let run = 0; run < Number(values.runs); run++) {
      for (const [name, settings] of Object.entries(contenders)) {
        const own = join(folder, `${run} ${name}`.replace(/\W+/g, '-'))
        mkdirSync(own, { recursive: true })
        const peer = await startRelay(own, { tls: true, certificate, clone, cores: CORES, settings })
        const measured = await runLoad(folder, [...load, '--seconds', values.seconds], peer)
        await peer.stop()
        const { relayBusy, loadBusy } = measured
        const each = rate(measured)
        console.log(`  ${name}: ${each.toFixed(0)} (relay ${relayBusy.toFixed(2)}, load ${loadBusy.toFixed(2)} cores)`)
        rates.set(name, [...(rates.get(name) ?? []), each])
        costs.set(name, [...(costs.get(name) ?? []), relayBusy / each])
        rmSync(own, { recursive: true })
      }
    }
    const medianOf = (figures: Map<string, number[]>, name: string): number => median(figures.get(name) ?? [])
    const ratio = (figures: Map<string, number[]>, name: string): string =>
      (medianOf(figures, name) / medianOf(figures, 'one process')).toFixed(2)
    const told = Object.keys(contenders).map(
      (name) =>
        `${name} ${medianOf(rates, name).toFixed(0)} (rate ${ratio(rates, name)}, CPU time for each ${ratio(costs, name)})`,
    )
    console.log(`${title}: ${told.join(', ')}`)
  }
}
