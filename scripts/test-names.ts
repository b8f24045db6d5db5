import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * A vitest reporter that appends each test of the run to the file that TEST_NAMES names, a JSON object a line: what the
 * tables in conformance/ are held against.
 */
export default class TestNames implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const path = process.env.TEST_NAMES
    if (path === undefined) return
    const lines = modules.flatMap((module) =>
      [...module.children.allTests()].map(({ fullName }) =>
        JSON.stringify({ file: module.relativeModuleId, name: fullName }),
      ),
    )
    appendFileSync(path, lines.map((line) => `${line}\n`).join(''))
  }
}
