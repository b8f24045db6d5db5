import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { Secret, secret } from '../../src/config/secret.ts'

const variable = 'MSRP_TEST_SECRET'
const folder = (): string => temporaryFolder()
const read = (value: unknown, from = folder()) => secret(from, { about: '', leftOut: 'none' }).safeParse(value)
const problem = (value: unknown, from?: string): string | undefined => read(value, from).error?.issues[0]?.message

afterEach(() => {
  delete process.env[variable]
})

test('is given as it is, as the first line of a file that counts from the folder, or as a variable', () => {
  const from = folder()
  writeFileSync(join(from, 'password'), 'from a file\r\nmore\n')
  process.env[variable] = 'from outside'
  expect(read('as it is').data?.reveal()).toBe('as it is')
  expect(read({ file: 'password' }, from).data?.reveal()).toBe('from a file')
  expect(read({ env: variable }).data?.reveal()).toBe('from outside')
  expect(read(new Secret('of a program')).data?.reveal()).toBe('of a program')
  expect(read(undefined).data).toBeUndefined()
})

test('that cannot be had is told with the reason', () => {
  const from = folder()
  writeFileSync(join(from, 'empty'), '\nsecond')
  expect(problem({ file: 'none' }, from)).toBe(
    `names a file that cannot be had: cannot read ${join(from, 'none')}: there is no such file; correct the path`,
  )
  expect(problem({ file: 'empty' }, from)).toBe(`names ${join(from, 'empty')}, whose first line is empty`)
  expect(problem({ env: variable })).toBe(`names the variable ${variable}, which is not set`)
  for (const wrong of ['', 7, {}, { file: '' }, { file: 'a', env: 'b' }]) {
    expect(problem(wrong)).toBe('must be a text, { file = "PATH" } whose first line it is, or { env = "VARIABLE" }')
  }
})

test('does not show where settings are printed', () => {
  const hidden = new Secret('hunter2')
  for (const shown of [String(hidden), JSON.stringify({ hidden }), inspect({ hidden }), `${hidden}`]) {
    expect(shown).not.toContain('hunter2')
  }
})
