import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'

test('examples/files.ts offers a file, breaks the session and brings the rest, verified', async () => {
  const program = startProgram(process.execPath, [join(repositoryRoot, 'examples/files.ts')])
  const { code } = await program.exit()
  const stdout = program.stdout.text
  expect(code, program.describe()).toBe(0)
  expect(stdout).toContain('Bob is offered Holiday film.bin, 20000000 bytes')
  expect(stdout).toContain('Bob has some of it, and asks for the rest')
  expect(stdout).toContain('20000000 bytes are there, verified by sha-1 and sha-256\nstored under its name: true')
})
