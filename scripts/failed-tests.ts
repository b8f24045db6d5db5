import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * A vitest reporter that appends what failed, and why, to the file that TEST_FAILURES names: it is said again at the end
 * of a long run, where it is looked for.
 */
export default class FailedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], outside: readonly { message: string }[]): void {
    const path = process.env.TEST_FAILURES
    if (path === undefined) return
    const failures = outside.map(({ message }) => `outside of a test: ${message}`)
    for (const module of modules) {
      for (const { message } of module.errors()) failures.push(`${module.relativeModuleId}: ${message}`)
      for (const suite of module.children.allSuites())
        for (const { message } of suite.errors())
          failures.push(`${module.relativeModuleId}: ${suite.fullName}: ${message}`)
      for (const test of module.children.allTests('failed'))
        for (const { message } of test.result().errors ?? [])
          failures.push(`${module.relativeModuleId}: ${test.fullName}: ${message}`)
    }
    appendFileSync(path, failures.map((failure) => `${failure}\n`).join(''))
  }
}
