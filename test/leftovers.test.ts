import { describe, expect, test } from 'vitest'
import { Leftovers } from '../scripts/leftovers.ts'
import { startProgram } from './support/process.ts'

const listens =
  "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log('port ' + s.address().port))"

describe('what a test run leaves behind', () => {
  test('is nothing when its processes have ended, be it a moment later', async (context) => {
    context.skip(!Leftovers.supported, 'needs /proc')
    const run = new Leftovers()
    const program = startProgram(process.execPath, ['-e', 'setTimeout(() => {}, 300)'], { env: run.environment })
    const found = run.find()
    expect(await found).toEqual([])
    await program.exit()
  })

  test('is found with its listening port, also when its parent is gone, and can be ended', async (context) => {
    context.skip(!Leftovers.supported, 'needs /proc')
    const run = new Leftovers()
    const script = `
      const options = { stdio: ['ignore', 'inherit', 'ignore'], detached: true }
      require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(listens)}], options).unref()
    `
    const parent = startProgram(process.execPath, ['-e', script], { env: run.environment })
    const port = (await parent.line(/port (\d+)/))[1]
    expect(await run.find({ patience: 0 })).toEqual([
      expect.stringMatching(`^process \\d+: .*listening tcp port ${port} `),
    ])
    run.kill()
    expect(await run.find()).toEqual([])
  })

  test('is not what others run', async (context) => {
    context.skip(!Leftovers.supported, 'needs /proc')
    const run = new Leftovers()
    const other = startProgram(process.execPath, ['-e', listens])
    const port = (await other.line(/port (\d+)/))[1]
    expect(await run.find({ patience: 0 })).toEqual([])
    const all = await run.find({ patience: 0, unowned: true })
    expect(all.filter((line) => line.includes(`port ${port} `))).toEqual([])
  })

  test('is on request a new port of somebody who shows no environment', async (context) => {
    context.skip(!Leftovers.supported, 'needs /proc')
    const run = new Leftovers()
    const other = startProgram(process.execPath, ['-e', listens], { env: { PATH: undefined } })
    const port = (await other.line(/port (\d+)/))[1]
    expect(await run.find({ patience: 0, unowned: true })).toContainEqual(
      expect.stringMatching(`^listening tcp port ${port} `),
    )
  })
})
