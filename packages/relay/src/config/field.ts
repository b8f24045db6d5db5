import { isAbsolute, resolve } from 'node:path'
import { type DigestAlgorithm, digestAlgorithm, parseMediaType } from 'msrp/wire'
import { z } from 'zod'
import { isCertifiableName } from '../certificates/certifiable-name.ts'
import { parseNetwork } from './network.ts'

/*
 * Kinds of values that settings have. Each has one message for whatever is wrong with it, which says what is expected
 * and what holds when the key is left out; the reader of the file puts the key before it and the wrong value after it.
 * Each also says what it is for, in the words of somebody who writes the file: the reference is made from that.
 */

/** What the reference says of a key or a table. */
export interface Documentation {
  /** What it is for; in Markdown, with keys and values in backquotes. */
  readonly about: string
  /** What is allowed: read after "must be". */
  readonly expected: string
  /** The default, as it is written. */
  readonly value?: string | undefined
  /** What holds when the key is left out, in words, where there is no such default; undefined when it has to be there. */
  readonly leftOut?: string | undefined
  /** A value as it is written, for a key without a default. */
  readonly example?: string | undefined
}

/** What is said of each key, by its schema. */
export const documentation: z.core.$ZodRegistry<Documentation> = z.registry<Documentation>()

/** What may be said of any kind of value. */
interface About {
  readonly about: string
  readonly example?: string
}

/** What a value that may be left out, and then follows from something else, says of itself. */
interface Optional extends About {
  /** What holds then, in words. */
  readonly leftOut: string
}

/** A whole number with a default. */
export function whole(minimum: number, maximum: number, value: number, about: string): z.ZodDefault<z.ZodInt> {
  const expected = `a whole number from ${minimum} to ${maximum}`
  const error = wrong(expected, value)
  const schema = z.int({ error }).min(minimum, { error }).max(maximum, { error }).default(value)
  return documented(schema, { about, expected, value: written(value) })
}

/** A whole number that may be left out. */
export function optionalWhole(minimum: number, maximum: number, facts: Optional): z.ZodOptional<z.ZodInt> {
  const expected = `a whole number from ${minimum} to ${maximum}`
  const error = wrongInWords(expected, facts.leftOut)
  return documented(z.int({ error }).min(minimum, { error }).max(maximum, { error }).optional(), { expected, ...facts })
}

/** True or false, with a default. */
export function flag(value: boolean, about: string): z.ZodDefault<z.ZodBoolean> {
  const expected = 'true or false'
  return documented(z.boolean({ error: wrong(expected, value) }).default(value), {
    about,
    expected,
    value: written(value),
  })
}

/** True or false, where the default follows from something else. */
export function optionalFlag(facts: Optional): z.ZodOptional<z.ZodBoolean> {
  const expected = 'true or false'
  return documented(z.boolean({ error: wrongInWords(expected, facts.leftOut) }).optional(), { expected, ...facts })
}

/** One of a few words, with a default. */
export function oneOf<const T extends string>(
  words: readonly T[],
  value: NoInfer<T>,
  about: string,
): z.ZodDefault<z.ZodEnum<{ [K in T]: K }>> {
  const expected = words.map((word) => `"${word}"`).join(' or ')
  const schema = z.enum(words, { error: wrong(expected, value) }).default(value as never)
  return documented(schema, { about, expected, value: written(value) }) as never
}

/** A text that fulfils a condition. Without `leftOut` it has to be there. */
export function text(expected: string, fulfils: (text: string) => boolean, facts: About): z.ZodString
export function text(expected: string, fulfils: (text: string) => boolean, facts: Optional): z.ZodOptional<z.ZodString>
export function text(
  expected: string,
  fulfils: (text: string) => boolean,
  facts: About | Optional,
): z.ZodString | z.ZodOptional<z.ZodString> {
  const error = `must be ${expected}`
  const schema = z.string({ error }).refine(fulfils, { error })
  return documented('leftOut' in facts ? schema.optional() : schema, { expected, ...facts })
}

/** A text that fulfils a condition, with a default. */
export function textOr(
  value: string,
  expected: string,
  fulfils: (text: string) => boolean,
  about: string,
): z.ZodDefault<z.ZodString> {
  const error = wrong(expected, value)
  const schema = z.string({ error }).refine(fulfils, { error }).default(value)
  return documented(schema, { about, expected, value: written(value) })
}

/** The path of a file or folder; a relative one counts from `folder`. */
export function path(folder: string, facts: Optional): z.ZodType<string | undefined> {
  const expected = 'the path of a file or folder'
  const error = `must be ${expected}`
  const schema = z
    .string({ error })
    .refine((value) => value !== '' && !value.includes('\0'), { error })
    .transform((value) => (isAbsolute(value) ? value : resolve(folder, value)))
    .optional()
  return documented(schema, { expected, ...facts })
}

/** The name of a host, brought to lower case. */
export function hostName(facts: Optional): z.ZodType<string | undefined> {
  return documented(host.optional(), { expected: hostExpected, ...facts })
}

/** Names of hosts, brought to lower case; none when left out. */
export function hostNames(facts: About): z.ZodType<readonly string[]> {
  const expected = 'a list of host names'
  const schema = z.array(host, { error: `must be ${expected}` }).default([])
  return documented(schema, { expected, value: '[]', ...facts })
}

/** Networks; none when left out. */
export function networks(facts: About): z.ZodType<readonly string[]> {
  const expected = 'a list of networks such as ["10.1.0.0/16"]'
  const schema = z.array(network, { error: `must be ${expected}` }).default([])
  return documented(schema, { expected, value: '[]', ...facts })
}

/** A limit, which 0 lifts; none unless one is given. */
export function limit(minimum: number, maximum: number, about: string): z.ZodType<number> {
  const error = wrong(limitExpected(minimum, maximum), 0)
  return documented(limitWithin(minimum, maximum, error).default(0), {
    about,
    expected: limitExpected(minimum, maximum),
    value: written(0),
  })
}

/** The same in an exception from one that holds for all. */
export function optionalLimit(minimum: number, maximum: number, about: string): z.ZodType<number | undefined> {
  const leftOut = 'as for all'
  const expected = limitExpected(minimum, maximum)
  const schema = limitWithin(minimum, maximum, wrongInWords(expected, leftOut)).optional()
  return documented(schema, { about, expected, leftOut, example: written(0) })
}

/** Patterns of users or domains, with stars for any characters; none when left out, unless they are needed. */
export function patterns({
  of,
  needed = false,
  ...facts
}: About & { of: 'users' | 'domains'; needed?: boolean }): z.ZodType<readonly string[]> {
  const example = of === 'users' ? '["alice@example.com", "*@example.org"]' : '["example.com", "*.example.org"]'
  const expected = `a list of ${of} such as ${example}`
  const error = `must be ${expected}`
  const fits = (pattern: string): boolean =>
    of === 'users' ? /^([^\s]+@)?[^\s@]+$/.test(pattern) : /^[^\s@]+$/.test(pattern)
  const one =
    of === 'users'
      ? 'a user such as "alice@example.com" or "*@example.org"'
      : 'a domain such as "example.com" or "*.example.org"'
  const itemError = `must be ${one}`
  const list = z.array(z.string({ error: itemError }).refine(fits, { error: itemError }), { error })
  if (needed) return documented(list.min(1, { error }), { expected, example, ...facts })
  return documented(list.default([]), { expected, value: '[]', ...facts })
}

/** Media types, with `*` for a subtype; none when left out. */
export function mediaRanges(facts: About): z.ZodType<readonly string[]> {
  const expected = 'a list of media types such as ["text/*", "image/png"]'
  const error = `must be ${expected}`
  // The `*` is a letter of such a name as well.
  const range = z
    .string({ error })
    .refine((text) => parseMediaType(text)?.type === text.trim().toLowerCase(), { error })
  return documented(z.array(range, { error }).default([]), { expected, value: '[]', ...facts })
}

/** Digest algorithms in any case, each once. */
export function algorithms(value: readonly DigestAlgorithm[], about: string): z.ZodType<readonly DigestAlgorithm[]> {
  const expected = 'a list of "MD5" and "SHA-256"'
  const names = value.map((name) => name.toUpperCase())
  const error = wrong(expected, names)
  const algorithm = z.string({ error }).transform((name, context): DigestAlgorithm => {
    const known = digestAlgorithm(name)
    if (known === undefined) context.addIssue({ code: 'custom', message: error })
    return known ?? z.NEVER
  })
  const schema = z
    .array(algorithm, { error })
    .min(1, { error })
    .refine((list) => new Set(list).size === list.length, { error: 'must not name an algorithm twice' })
    .default([...value])
  return documented(schema, { about, expected, value: written(names) })
}

/** A table; a key that it does not know is an error, since a misspelt limit would otherwise go unnoticed. */
export function table<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const known = Object.keys(shape).map(snakeCase).join(', ')
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `correct it or remove it; known are ${known}` : 'must be a table',
  })
}

/** A table of the file that may be left out; then each of its keys has its default. */
export function section<T extends z.ZodRawShape>(
  about: string,
  shape: T,
): z.ZodPrefault<z.ZodObject<T, z.core.$strict>> {
  return documented(table(shape).prefault({} as never), { about, expected: 'a table' })
}

/** Tables that the file may have any number of. */
export function sections<T extends z.ZodRawShape>(
  about: string,
  key: string,
  shape: T,
): z.ZodArray<z.ZodObject<T, z.core.$strict>> {
  const expected = `a list of tables, written [[${key}]]`
  return documented(z.array(table(shape), { error: `must be ${expected}` }), { about, expected })
}

/** Notes what the reference says of a value. */
export function documented<T extends z.ZodType>(schema: T, facts: Documentation): T {
  documentation.add(schema, facts)
  return schema
}

/** A key as the file spells it: `header_line_bytes` for `headerLineBytes`. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A key as the program spells it: `headerLineBytes` for `header_line_bytes`. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function limitExpected(minimum: number, maximum: number): string {
  return `a whole number from ${minimum} to ${maximum}, or 0 for no limit`
}

function limitWithin(minimum: number, maximum: number, error: string): z.ZodInt {
  return z.int({ error }).refine((value) => value === 0 || (value >= minimum && value <= maximum), { error })
}

const hostExpected = 'a host name such as "relay.example.com"'

const host = z
  .string({ error: `must be ${hostExpected}` })
  .refine((value) => isCertifiableName(value) && !value.startsWith('*'), { error: `must be ${hostExpected}` })
  .transform((value) => value.toLowerCase())

const networkExpected = 'must be a network such as "10.1.0.0/16" or "2001:db8::/32"'

const network = z
  .string({ error: networkExpected })
  .refine((value) => parseNetwork(value) !== undefined, { error: networkExpected })

function wrong(expected: string, value: unknown): string {
  return wrongInWords(expected, written(value))
}

function wrongInWords(expected: string, leftOut: string): string {
  return `must be ${expected} (left out: ${leftOut})`
}

/** As it stands in the file. */
function written(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(written).join(', ')}]` : JSON.stringify(value)
}
