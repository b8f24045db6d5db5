import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

/** A new empty folder outside the clone; removed with all it holds when the test ends. */
export function temporaryFolder(): string {
  const folder = create()
  onTestFinished(() => remove(folder))
  return folder
}

/** The same for `beforeAll`: removed after the last test of the file. */
export function temporaryFolderOfFile(): string {
  const folder = create()
  ofFile.add(folder)
  return folder
}

const ofFile = new Set<string>()

afterAll(() => {
  for (const folder of ofFile) remove(folder)
})

function create(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'msrp-test-'))
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
