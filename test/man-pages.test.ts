import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withDescendants } from '../packages/cli/src/command-shape.ts'
import { manPages } from '../scripts/man/pages.ts'
import { manSource } from '../scripts/man/source.ts'
import { startProgram } from './support/process.ts'
import { requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// Pages are made when the package is, and kept nowhere, so they cannot fall behind.

const source = manSource({ version: '1.2.3', date: '2026-11-21' })
const pages = manPages(source)
const commands = withDescendants(source.program).filter(({ words }) => words.length > 0)

describe.each(Object.keys(pages))('%s', (name) => {
  const file = (): string => {
    const path = join(temporaryFolder(), name)
    writeFileSync(path, pages[name] ?? '')
    return path
  }

  test('has nothing that mandoc would warn of', async (context) => {
    requires(context, 'mandoc')
    const lint = startProgram('mandoc', ['-T', 'lint', '-W', 'warning', file()])
    expect(await lint.exit(), lint.describe()).toEqual({ code: 0, signal: null })
  })

  test('has nothing that groff would warn of', async (context) => {
    requires(context, 'man')
    const args = ['--warnings=all', '--encoding=UTF-8', '--local-file', '--troff-device=utf8', '--ditroff', file()]
    const man = startProgram('man', args, { env: { LC_ALL: 'C.UTF-8', MANROFFSEQ: '' } })
    expect(await man.exit(), man.describe()).toEqual({ code: 0, signal: null })
    expect(man.stderr.text).toBe('')
  })
})

test('every command is in the page of its kind, with every option', async (context) => {
  requires(context, 'man')
  const texts = { user: await rendered('msrp.1'), administrator: await rendered('msrp-relay.8') }
  for (const { words, options, arguments: expected } of commands) {
    const text = words[0] === 'relay' ? texts.administrator : texts.user
    expect(text).toContain(['msrp', ...words].join(' '))
    for (const { flags } of options) expect(text).toContain(flags.join(', '))
    for (const { placeholder } of expected) expect(text).toContain(placeholder)
  }
})

test('every setting is in relay.toml(5), below its table', async (context) => {
  requires(context, 'man')
  const text = await rendered('relay.toml.5')
  let from = 0
  for (const { heading, keys } of source.settings) {
    from = text.indexOf(`\n${heading === '' ? 'BEFORE ALL TABLES' : heading}\n`, from)
    expect(from, heading).toBeGreaterThan(0)
    for (const { name } of keys) {
      const at = text.slice(from).search(new RegExp(`^ {7}${name}\\b`, 'm'))
      expect(at, `${heading} ${name}`).toBeGreaterThan(0)
    }
  }
})

/** The page as a terminal without attributes shows it, broad enough that no word is broken. */
async function rendered(name: string): Promise<string> {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, pages[name] ?? '')
  const env = { LC_ALL: 'C.UTF-8', MANWIDTH: '500', MAN_KEEP_FORMATTING: undefined, PAGER: 'cat', TERM: 'dumb' }
  const man = startProgram('man', ['--local-file', '--no-hyphenation', '--no-justification', path], { env })
  expect(await man.exit(), man.describe()).toEqual({ code: 0, signal: null })
  return man.stdout.text
}
