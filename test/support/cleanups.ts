import { afterEach } from 'vitest'

/** What has to be undone after each test: what it adds last comes first. Call at the top level. */
export function cleanupsAfterEach(): (() => unknown)[] {
  const added: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanup of added.splice(0).reverse()) await cleanup()
  })
  return added
}
