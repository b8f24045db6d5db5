import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * A vitest reporter that prints each skipped test with its reason. A skip without a reason fails the run; under CI=true,
 * where everything is installed, each skip does.
 */
export default class SkippedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let skipped = 0
    let unexplained = 0
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        if (isBehindFailure(test)) continue
        const result = test.result()
        const reason = result.state === 'skipped' ? result.note : undefined
        skipped++
        if (reason === undefined) unexplained++
        console.log(`skipped: ${module.relativeModuleId}: ${test.fullName}: ${reason ?? 'NO REASON GIVEN'}`)
      }
    }
    if (unexplained > 0) fail(`${unexplained} skipped without a reason: use the test context's skip(reason)`)
    else if (skipped > 0 && process.env.CI === 'true') fail(`${skipped} skipped, and under CI=true none may be`)
  }
}

/** A failed hook of the file or of a group around the test: already reported as the failure that it is. */
function isBehindFailure(test: TestCase): boolean {
  for (let around = test.parent; ; around = around.parent) {
    if (around.errors().length > 0) return true
    if (around.type === 'module') return false
  }
}

function fail(why: string): void {
  console.error(`skipped tests: ${why}`)
  process.exitCode = 1
}
