import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

/** A folder of the test file's own, gone after its tests. Call at the top level or in a `describe`. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: '' }
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'msrp-test-'))
  })
  afterAll(() => rm(folder.path, { recursive: true, force: true }))
  return folder
}
