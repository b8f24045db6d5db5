import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, cases, type PeerName } from './cases.ts'
import { type Measured, runLoad } from './load.ts'
import type { Options } from './options.ts'
import { type Certificate, makeCertificate } from './peers/certificate.ts'
import { startHaproxy } from './peers/haproxy.ts'
import { startKamailio } from './peers/kamailio.ts'
import type { Peer } from './peers/peer.ts'
import { startRelay } from './peers/relay.ts'
import { type Result, writeReport } from './report.ts'

/** Runs the chosen cases, with `folder` for what the peers need, and writes the report. */
export async function measure(options: Options, folder: string): Promise<void> {
  const certificate = await makeCertificate()
  const results: Result[] = []
  for (const each of cases) {
    if (options.case?.includes(each.name) ?? true) results.push(await inTurns(each, options, folder, certificate))
  }
  writeReport(results, { folder: options.out, runs: options.runs, seconds: options.seconds })
}

/** The peers take turns, so that whatever else the machine does falls on all of them. */
async function inTurns(each: Case, options: Options, folder: string, certificate: Certificate): Promise<Result> {
  console.log(`\n${each.name}: ${each.title}`)
  const measured = new Map<PeerName, Measured[]>(each.peers.map((peer) => [peer, []]))
  for (let run = 1; run <= options.runs; run++) {
    for (const name of each.peers) {
      const one = await runThrough(name, [...each.load, '--seconds', String(options.seconds)], folder, certificate)
      measured.get(name)?.push(one)
      const figure = each.figure.of(one).toFixed(0).padStart(9)
      const busy = `relay ${percent(one.relayBusy)}, load ${percent(one.loadBusy)} busy`
      console.log(`  ${run}/${options.runs} ${name.padEnd(12)} ${figure} ${each.figure.unit}  ${busy}`)
    }
  }
  return { case: each, measured }
}

async function runThrough(
  name: PeerName,
  args: readonly string[],
  folder: string,
  certificate: Certificate,
): Promise<Measured> {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const tls = tlsOptions(own, certificate)
  try {
    if (name === 'none') {
      const address = '127.0.0.1:7000'
      const itself = ['--via', 'none', '--target', address, '--listen', address]
      return await runLoad(folder, [...args, ...itself, ...tls], undefined)
    }
    const peer = await start(name, own, certificate)
    try {
      return await runLoad(folder, peer.load.includes('--tls') ? args : [...args, ...tls], peer)
    } finally {
      await peer.stop()
    }
  } finally {
    rmSync(own, { recursive: true })
  }
}

function start(name: Exclude<PeerName, 'none'>, own: string, certificate: Certificate): Promise<Peer> {
  switch (name) {
    case 'relay':
      return startRelay(own, certificate)
    case 'kamailio':
      return startKamailio(own, certificate)
    case 'haproxy-16k':
      return startHaproxy(own, { tls: true, buffer: 16_384, certificate })
    case 'haproxy-64k':
      return startHaproxy(own, { tls: true, buffer: 65_536, certificate })
    default:
      return name satisfies never
  }
}

/** What the load needs to speak TLS with itself, or to be called by a proxy. */
function tlsOptions(own: string, certificate: Certificate): string[] {
  const [chain, key] = [join(own, 'load.pem'), join(own, 'load.key')]
  writeFileSync(chain, certificate.chain)
  writeFileSync(key, certificate.key, { mode: 0o600 })
  return ['--tls', '--certificate', chain, '--key', key]
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
