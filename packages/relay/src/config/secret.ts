import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { storageError } from '../io/storage-error.ts'
import { documented } from './field.ts'

/** A password or key that does not show by accident: neither in a log nor in what is printed of the settings. */
export class Secret {
  readonly #value: string

  /** @param value what is kept to itself */
  constructor(value: string) {
    this.#value = value
  }

  /** The secret itself, for whoever it is meant for. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '…'
  }

  toJSON(): string {
    return '…'
  }
}

const expected = 'a text, { file = "PATH" } whose first line it is, or { env = "VARIABLE" }'

/**
 * A secret of the settings: given as it is, in a file (its first line), or in a variable of the environment. It is read when
 * the settings are.
 * @param folder where relative paths of files count from
 */
export function secret(
  folder: string,
  facts: { readonly about: string; readonly leftOut: string; readonly example?: string },
): z.ZodType<Secret | undefined> {
  return documented(oneSecret(folder).optional(), { expected, example: '{ file = "secret" }', ...facts })
}

/** Several secrets, each given in one of the ways of `secret`; none when left out. */
export function secrets(
  folder: string,
  facts: { readonly about: string; readonly example?: string },
): z.ZodType<readonly Secret[]> {
  const listExpected = `a list of secrets, each ${expected}`
  const schema = z.array(oneSecret(folder), { error: `must be ${listExpected}` }).default([])
  return documented(schema, { expected: listExpected, value: '[]', ...facts })
}

function oneSecret(folder: string): z.ZodType<Secret> {
  const error = `must be ${expected}`
  const word = z.string({ error }).min(1, { error })
  return z
    .union(
      [z.instanceof(Secret), word, z.strictObject({ file: word }, { error }), z.strictObject({ env: word }, { error })],
      { error },
    )
    .transform((source, context): Secret => {
      const found = source instanceof Secret ? source : read(source, folder)
      if (found instanceof Secret) return found
      context.addIssue({ code: 'custom', message: found.problem })
      return z.NEVER
    })
}

function read(source: string | { file: string } | { env: string }, folder: string): Secret | { problem: string } {
  if (typeof source === 'string') return new Secret(source)
  if ('env' in source) {
    const value = process.env[source.env]
    return value ? new Secret(value) : { problem: `names the variable ${source.env}, which is not set` }
  }
  const file = resolve(folder, source.file)
  try {
    const [line = ''] = readFileSync(file, 'utf8').split(/\r?\n/, 1)
    return line === '' ? { problem: `names ${file}, whose first line is empty` } : new Secret(line)
  } catch (error) {
    return { problem: `names a file that cannot be had: ${storageError(error, 'read', file).message}` }
  }
}
