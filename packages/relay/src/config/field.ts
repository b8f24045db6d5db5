import { z } from 'zod'

/*
 * Kinds of values that settings have. Each has one message for whatever is wrong with it, which says what is expected
 * and what holds when the key is left out; the reader of the file puts the key before it and the wrong value after it.
 */

/** A whole number with a default. */
export function whole(minimum: number, maximum: number, value: number): z.ZodDefault<z.ZodInt> {
  const error = `must be a whole number from ${minimum} to ${maximum} (left out: ${value})`
  return z.int({ error }).min(minimum, { error }).max(maximum, { error }).default(value)
}

/** True or false, with a default when one is given. */
export function flag(value: boolean): z.ZodDefault<z.ZodBoolean> {
  return z.boolean({ error: `must be true or false (left out: ${value})` }).default(value)
}

/** One of a few words, with a default. */
export function oneOf<const T extends string>(
  words: readonly T[],
  value: NoInfer<T>,
): z.ZodDefault<z.ZodEnum<{ [K in T]: K }>> {
  const error = `must be ${words.map((word) => `"${word}"`).join(' or ')} (left out: "${value}")`
  return z.enum(words, { error }).default(value as never) as never
}

/** A text that fulfils a condition. */
export function text(expected: string, fulfils: (text: string) => boolean): z.ZodString {
  const error = `must be ${expected}`
  return z.string({ error }).refine(fulfils, { error })
}

/** A table; a key that it does not know is an error, since a misspelt limit would otherwise go unnoticed. */
export function table<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const known = Object.keys(shape).map(snakeCase).join(', ')
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `correct it or remove it; known are ${known}` : 'must be a table',
  })
}

/** A key as the file spells it: `header_line_bytes` for `headerLineBytes`. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A key as the program spells it: `headerLineBytes` for `header_line_bytes`. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
