import { readFileSync } from 'node:fs'

/** A configuration of this folder with the values of a run in it. */
export function filledIn(name: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(new URL(name, import.meta.url), 'utf8')
  return template.replace(/\{\{(\w+)\}\}/g, (_, word: string) => values[word] ?? '')
}
