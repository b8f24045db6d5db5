import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repositoryRoot } from '../../../../test/support/repository.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { cloneRoot, defaultStateFolder, surroundings } from '../../src/config/index.ts'

test.each([
  [{ cloneRoot: '/src/msrp', xdgStateHome: '/xdg', home: '/home/a' }, '/src/msrp/state'],
  [{ xdgStateHome: '/xdg', home: '/home/a' }, '/xdg/msrp-relay'],
  [{ xdgStateHome: '', home: '/home/a' }, '/home/a/.local/state/msrp-relay'],
  [{ xdgStateHome: 'relative', home: '/home/a' }, '/home/a/.local/state/msrp-relay'],
  [{ home: '/home/a' }, '/home/a/.local/state/msrp-relay'],
])('state of %o goes to %s', (options, expected) => {
  expect(defaultStateFolder(options)).toBe(expected)
})

test('state goes to the top of this clone, whatever the current folder is', () => {
  expect(surroundings().stateFolder).toBe(join(repositoryRoot, 'state'))
})

test('an installed relay is not in a clone, even inside the folder of another project with workspaces', () => {
  const project = temporaryFolder()
  writeFileSync(join(project, 'package.json'), '{"workspaces":["packages/*"]}')
  const installed = join(project, 'node_modules', 'msrp-relay', 'dist', 'config')
  mkdirSync(installed, { recursive: true })
  expect(cloneRoot(installed)).toBeUndefined()
})
