import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { grouped } from './progress.ts'
import { targets } from './targets.ts'
import type { Finding } from './workers.ts'

/** What one target came to. */
export interface Row {
  readonly target: string
  readonly executions: number
  readonly seconds: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
  /** Bytes: of live programs all that they took, otherwise by how much a worker grew. */
  readonly memory: number
}

const folder = fileURLToPath(new URL('found/', import.meta.url))

/** The results as lines of text. */
export function table(rows: readonly Row[]): string {
  const lines = [['target', 'executions', 'seconds', 'a second', 'findings', 'memory']]
  for (const { target, executions, seconds, findings, memory } of rows) {
    const rate = Math.round(executions / Math.max(seconds, 0.001))
    const mib = `${target === 'live' ? '' : '+'}${(memory / 1048576).toFixed(1)} MiB`
    lines.push([target, grouped(executions), seconds.toFixed(1), grouped(rate), String(findings.length), mib])
  }
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const text = lines.map((line) => line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
  const outcomes = rows.map(({ target, outcomes: counts }) => {
    const parts = Object.entries(counts).map(([outcome, count]) => `${grouped(count)} ${outcome}`)
    return parts.length === 0 ? '' : `${target}: ${parts.join(', ')}`
  })
  return [...text, '', ...outcomes.filter((line) => line !== '')].join('\n')
}

/** Writes a finding down, with the bytes that it began with, and says where. */
export function keep(finding: Finding): string {
  const { target, seed, index, message } = finding
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${target}-${seed}-${index}`)
  writeFileSync(`${file}.txt`, `${commandFor(finding)}\n\n${message}\n`)
  const known = targets[target]
  if (known !== undefined) writeFileSync(`${file}.bin`, known.bytes(seed, index))
  return `${file}.txt`
}

/** What has just this execution run again. */
export function commandFor({ target, seed, index }: Finding): string {
  return `npm run fuzz -- --seed ${seed} --repeat ${target}:${index}`
}
