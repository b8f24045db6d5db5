import { wrongArgument } from './read-argument.ts'

/** What an option has to be, in words, and whether it is. */
export type OptionRule = readonly [words: string, holds: (value: unknown) => boolean]

export const YES_OR_NO: OptionRule = ['true or false', (value) => typeof value === 'boolean']
export const LIST: OptionRule = ['a list', Array.isArray]
export const TYPES: OptionRule = ['a list of media types', (value) => Array.isArray(value) && value.length > 0]
export const TEXT: OptionRule = ['a text', isText]
export const OBJECT: OptionRule = ['an object', isObject]
export const FUNCTION: OptionRule = ['a function', (value) => typeof value === 'function']

/** A text that is one of these. */
export function oneOf(...words: readonly string[]): OptionRule {
  return [`one of ${words.join(', ')}`, (value) => words.some((word) => word === value)]
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * Whether options are what they have to be, as far as there are rules for them.
 * @param of what they are options of, for the error
 * @throws MsrpError `invalid-argument` naming the option, what it has to be and what it is
 */
export function checkOptions(of: string, options: object, rules: Readonly<Record<string, OptionRule>>): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined || value === undefined) continue
    const [wanted, holds] = rule
    if (!holds(value)) throw wrongArgument(`${of}: ${name}`, wanted, value)
  }
}
