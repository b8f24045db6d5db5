import { relative } from 'node:path'
import type { Output } from '../terminal/output.ts'
import { printableLine, printableText } from '../terminal/printable.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { formatBytes } from '../terminal/units.ts'
import type { Taken } from './take-message.ts'

/** Shows a message that has arrived: its text, or where its file is. */
export function printTaken(taken: Taken, output: Output): void {
  const { messageId, type, name, size, sha256, duplicate, from = 0, verified = false } = taken
  const path = taken.kind === 'file' ? taken.path : null
  const text = taken.kind === 'text' ? taken.text : null
  output.event({
    event: 'message',
    messageId,
    type,
    name,
    size,
    sha256,
    path,
    text,
    ...(duplicate ? { duplicate } : {}),
    ...(from === 0 ? {} : { from }),
    ...(verified ? { verified } : {}),
  })
  if (output.json) return
  // RFC 4975 §5.4: a sender whose connection broke may send again what had arrived. Nobody is to take it for a new message.
  if (duplicate) output.warn('what comes now has come before: its sender did not learn that it had arrived')
  if (taken.kind === 'text') output.print(shownText(taken.text, { terminal: process.stdout.isTTY === true }))
  else {
    const proof = verified ? '  verified' : ''
    output.print(
      `stored ${printableLine(shellWord(shortest(taken.path)))}  ${formatBytes(size)}  sha256 ${sha256}${proof}`,
    )
  }
}

/**
 * A text as it stands between lines of this program, none of which it can be taken for. A person sees on each line whose it
 * is; elsewhere texts stay as they are, for scripts, but for lines that would say that a file was stored: they have a `>`
 * more, as those of mail folders that begin with `From`.
 */
export function shownText(text: string, { terminal }: { terminal: boolean }): string {
  const printable = printableText(text)
  return terminal ? `peer> ${printable.replaceAll('\n', '\n      ')}` : printable.replace(/^(?=>*stored )/gm, '>')
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') || fromHere.length >= path.length ? path : fromHere
}
