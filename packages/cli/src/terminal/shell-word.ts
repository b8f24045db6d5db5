/** A word that a POSIX shell takes literally, in quotes where it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quotedWord(word)
}

/** The same, always in single quotes. */
export function quotedWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** How this program is called where it runs: inside a clone, npm puts it on the PATH of `npx` alone. */
export function programName(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.npm_command === undefined ? 'msrp' : 'npx msrp'
}
