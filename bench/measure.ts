import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case, Contender } from './case.ts'
import { cases } from './cases.ts'
import { type Measured, runLoad } from './load.ts'
import type { Options } from './options.ts'
import { type Certificate, makeCertificate } from './peers/certificate.ts'
import { startPeer } from './peers/start-peer.ts'
import { writeReport } from './report.ts'
import { counts, type Result, short } from './result.ts'

/**
 * Runs the chosen cases, with `folder` for what the peers need, and writes the report. False when runs failed; the report
 * has the others.
 */
export async function measure(options: Options, folder: string): Promise<boolean> {
  const certificate = await makeCertificate()
  const results: Result[] = []
  for (const each of cases) {
    if (options.case?.includes(each.name) ?? true) results.push(await inTurns(each, options, folder, certificate))
  }
  writeReport(results, { folder: options.out, runs: options.runs, seconds: options.seconds })
  return results.every(({ runs }) => [...runs.values()].every((measured) => measured.length === options.runs))
}

/** The contenders take turns, so that whatever else the machine does falls on all of them. */
async function inTurns(each: Case, options: Options, folder: string, certificate: Certificate): Promise<Result> {
  console.log(`\n${each.name}: ${each.title}`)
  const contenders = each.contenders.filter(({ thorough }) => !(options.quick && thorough))
  const runs = new Map<Contender, Measured[]>(contenders.map((contender) => [contender, []]))
  for (let turn = 1; turn <= options.runs; turn++) {
    for (const [contender, measured] of runs) {
      const load = [...each.load, ...(contender.load ?? []), ...((options.quick && each.quick) || [])]
      const turnLoad = [...load, '--seconds', String(options.seconds)]
      try {
        const run = await runThrough(contender, each, turnLoad, folder, { certificate, clone: options.clone })
        measured.push(run)
        console.log(`  ${turn}/${options.runs} ${line(each, contender, run)}`)
      } catch (error) {
        // One that fails must not take the figures of the others with it.
        console.log(
          `  ${turn}/${options.runs} ${contender.label}: failed: ${error instanceof Error ? error.message : error}`,
        )
      }
    }
  }
  return { case: each, runs }
}

async function runThrough(
  { peer: name }: Contender,
  { tls }: Case,
  load: readonly string[],
  folder: string,
  { certificate, clone }: { certificate: Certificate; clone: string },
): Promise<Measured> {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const [chain, key] = [join(own, 'load.pem'), join(own, 'load.key')]
  writeFileSync(chain, certificate.chain)
  writeFileSync(key, certificate.key, { mode: 0o600 })
  const all = [...load, ...(tls ? ['--tls', '--certificate', chain, '--key', key] : [])]
  try {
    if (name === 'none') {
      const address = '127.0.0.1:7000'
      return await runLoad(folder, [...all, '--via', 'none', '--target', address, '--listen', address], undefined)
    }
    const peer = await startPeer(name, own, { tls, certificate, clone })
    try {
      return await runLoad(folder, all, peer)
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${name} said last: ${peer.lastWords()}`)
    } finally {
      await peer.stop()
    }
  } finally {
    rmSync(own, { recursive: true })
  }
}

function line(each: Case, contender: Contender, run: Measured): string {
  const figures = each.figures
    .filter((figure) => !Number.isNaN(figure.of(run)))
    .map((figure) => `${short(figure.of(run)).padStart(7)} ${figure.unit}`)
  const busy = contender.peer === 'none' ? '' : `core ${percent(run.relayBusy)}, `
  const note = counts(each, contender, run) ? '' : ': does not count'
  return `${contender.label.padEnd(14)} ${figures.join('  ')}  (${busy}load ${percent(run.loadBusy)} busy${note})`
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
