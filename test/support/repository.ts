import { fileURLToPath } from 'node:url'

/** The root of the clone that the tests run in. */
export const repositoryRoot: string = fileURLToPath(new URL('../../', import.meta.url))
