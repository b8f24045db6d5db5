import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startMsrp } from './support/process.ts'
import { configText } from './support/relay.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

test('README shows the very commands that a first start prints', async () => {
  const cwd = temporaryFolder()
  const config = join(cwd, 'relay.toml')
  writeFileSync(config, configText({}, join(cwd, 'state')))
  // As npm runs it in a clone.
  const relay = startMsrp(['relay', '--config', config], { cwd, env: { npm_command: 'run-script' } })
  await relay.line(/Ctrl-C/)
  const printed = relay.stdout.lines
    .filter((line) => line.startsWith('  npx msrp '))
    .map((line) => line.trim().replace(/localhost:\d+/, 'localhost:2855'))
  const shown = readText('README.md')
    .split('\n')
    .filter((line) => line.startsWith('npx msrp '))
  expect(shown.length).toBeGreaterThanOrEqual(2)
  expect(printed.map(wordsOf)).toEqual(expect.arrayContaining(shown.map(wordsOf)))
})

/** The words of a command line in an order of their own, since options may stand in any. */
function wordsOf(line: string): string[] {
  return line.split(' ').sort()
}
