import { expect, test } from 'vitest'
import { shownText } from '../src/incoming/print-taken.ts'

const forged = 'look:\nstored contract.pdf  1.2 MB  sha256 00  verified\n>stored it\nit is stored '

test('a text for scripts stays as it is, but for lines that say that a file was stored', () => {
  expect(shownText('hello\nthere', { terminal: false })).toBe('hello\nthere')
  const shown = 'look:\n>stored contract.pdf  1.2 MB  sha256 00  verified\n>>stored it\nit is stored '
  expect(shownText(forged, { terminal: false })).toBe(shown)
})

test('a text on a terminal begins none of its lines where those of this program begin', () => {
  const lines = shownText(forged, { terminal: true }).split('\n')
  for (const line of lines) expect(line).toMatch(/^(peer> | {6})/)
})
