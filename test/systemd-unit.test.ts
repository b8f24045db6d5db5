import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { requires } from './support/requires.ts'
import { readText } from './support/source-files.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// What systemd itself says of the unit. That a relay runs under it is seen in debian-package.long.test.ts.

const unit = readText('packaging/msrp-relay.service')

beforeEach((context) => requires(context, 'systemd-analyze'))

test('systemd understands every line of the unit', async () => {
  // Only the program is not where the unit looks for it.
  const file = unitIn(temporaryFolder(), unit.replaceAll('/usr/bin/msrp', process.execPath))
  const verify = startProgram('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file])
  expect(await verify.exit(), verify.describe()).toEqual({ code: 0, signal: null })
  expect(verify.stderr.text).toBe('')
})

test('systemd would find a line that it does not understand', async () => {
  const file = unitIn(temporaryFolder(), unit.replace('ProtectSystem=', 'ProtectTheSystem='))
  const verify = startProgram('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file])
  await verify.exit()
  expect(verify.stderr.text).toContain('ProtectTheSystem')
})

test('the exposure of the service is rated OK: below 2 of 10', async () => {
  const file = unitIn(temporaryFolder(), unit)
  const args = ['security', '--offline=true', '--no-pager', '--threshold=20', file]
  const security = startProgram('systemd-analyze', args)
  expect(await security.exit(), security.describe()).toEqual({ code: 0, signal: null })
  const [score] = await security.line(/Overall exposure level for msrp-relay\.service: [\d.]+ \w+/)
  console.log(score)
})

/** Under its own name, which systemd reads off the file. */
function unitIn(folder: string, text: string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'msrp-relay.service')
  writeFileSync(file, text)
  return file
}
