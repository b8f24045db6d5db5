import { defineConfig, type ViteUserConfigExport } from 'vitest/config'

/** Runs `inputs.ts` alone, with the coverage of what reads bytes, whatever folder it is started in. */
const config: ViteUserConfigExport = defineConfig({
  test: {
    root: new URL('../../', import.meta.url).pathname,
    include: ['fuzz/coverage/inputs.ts'],
    testTimeout: 120_000,
    coverage: {
      provider: 'v8',
      enabled: true,
      include: ['packages/msrp/src/{wire,cpim}/**/*.ts'],
      reporter: ['json', 'json-summary'],
    },
  },
})

export default config
