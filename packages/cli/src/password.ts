import { readFile, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { unreadable } from 'msrp/node'
import { Failure } from './failure.ts'
import type { Output } from './terminal/output.ts'
import { shellWord } from './terminal/shell-word.ts'

/** The environment variable that a password may come in. */
export const PASSWORD_VARIABLE = 'MSRP_PASSWORD'

/**
 * The password of a user, in this order: from the file given, from MSRP_PASSWORD, from a prompt when there is a terminal.
 * It is never a command-line argument, which every user of the machine could read.
 * @throws MsrpError `file-unreadable`; Failure `usage`, `interrupted`
 */
export async function passwordOf(user: string, options: { file: string | undefined; output: Output }): Promise<string> {
  const { file, output } = options
  if (file !== undefined) return passwordFromFile(file, output)
  const fromEnvironment = process.env[PASSWORD_VARIABLE]
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment
  if (!canAsk()) {
    throw new Failure('usage', `no password for ${user}: give --password-file FILE or set ${PASSWORD_VARIABLE}`)
  }
  return askSilently(`Password for ${user}: `)
}

/**
 * The first line of a file.
 * @throws MsrpError `file-unreadable`; Failure `usage` when that line is empty
 */
export async function passwordFromFile(file: string, output: Output): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
    const { mode } = await stat(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      output.warn(`others on this machine can read ${file}; run: chmod 600 ${shellWord(file)}`)
    }
  } catch (error) {
    throw unreadable(file, error)
  }
  return firstLine(text, file)
}

/**
 * The first line of standard input, for scripts.
 * @throws Failure `usage` when there is none
 */
export async function passwordFromStandardInput(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const piece of process.stdin) {
    text += piece as string
    if (text.includes('\n')) break
  }
  return firstLine(text, 'standard input')
}

/** Whether somebody is there to be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/**
 * Asks on the terminal; what is typed is not shown.
 * @throws Failure `interrupted` on Ctrl-C, `usage` when the input ends
 */
export function askSilently(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() })
  // With `terminal` the line can be edited, and Ctrl-C arrives as an event since the terminal is in raw mode.
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  process.stderr.write(question)
  return new Promise<string>((resolve, reject) => {
    prompt.once('line', resolve)
    prompt.once('SIGINT', () => reject(new Failure('interrupted', 'interrupted')))
    prompt.once('close', () => reject(new Failure('usage', 'no password was typed')))
  }).finally(() => {
    prompt.close()
    process.stderr.write('\n')
  })
}

function firstLine(text: string, source: string): string {
  const line = text.replace(/^\ufeff/, '').split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw new Failure('usage', `no password in ${source}: its first line is empty`)
  return line
}
