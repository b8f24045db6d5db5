import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cases } from './cases.ts'

export interface Options {
  readonly quick: boolean
  /** Names of cases; all when undefined. */
  readonly case: readonly string[] | undefined
  readonly runs: number
  /** Of each run, without its second of warming up. */
  readonly seconds: number
  /** The clone whose relay is measured. */
  readonly clone: string
  /** Folder of the report. */
  readonly out: string
}

export const usage: string = `The relay beside HAProxy and Kamailio: the same load through each in turn.

  npm run bench -- [--quick] [--case NAME]… [--runs N] [--seconds N] [--out FOLDER]

  --quick        one short run of each, under three minutes; without it five runs of each
  --case NAME    this case alone (may be given again):
${cases.map(({ name, title }) => `                   ${name.padEnd(14)} ${title}`).join('\n')}
  --runs N       runs of each; medians are taken
  --seconds N    length of a run
  --clone FOLDER the relay of another clone of the sources, such as one from before a change
  --out FOLDER   where the report goes (bench/results): results.md, results.csv, and a plot of each case

Examples:
  npm run bench -- --quick
  npm run bench -- --case bulk-8 --runs 7
  npm run bench -- --case messages-8 --case latency-1 --out /tmp/before

It installs nothing, and says which Debian packages are missing (exit code 2). Ctrl-C leaves nothing running.
bench/README.md says what the figures show.`

/** Reads the command line; 'help' when that is what was wanted. @throws Error in words for people */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      case: { type: 'string', multiple: true },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      clone: { type: 'string', default: new URL('..', import.meta.url).pathname },
      out: { type: 'string', default: new URL('results', import.meta.url).pathname },
    },
  })
  if (values.help) return 'help'
  const unknown = values.case?.find((wanted) => !cases.some(({ name }) => name === wanted))
  if (unknown !== undefined) {
    throw new Error(`--case ${unknown}: there is no such case; there are ${cases.map(({ name }) => name).join(', ')}`)
  }
  const { quick, clone, out } = values
  return {
    quick,
    case: values.case,
    runs: positive('--runs', values.runs ?? (quick ? '1' : '5')),
    seconds: positive('--seconds', values.seconds ?? (quick ? '1' : '4')),
    clone: resolve(clone),
    out,
  }
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0) || (name === '--runs' && !Number.isInteger(number))) {
    throw new Error(`${name} ${text}: expected a number above 0`)
  }
  return number
}
