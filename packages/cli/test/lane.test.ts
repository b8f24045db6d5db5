import { expect, test } from 'vitest'
import { Lane } from '../src/chat/lane.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a lane lets so many pass at a time, in the order they came, and whoever gives up makes no room', async () => {
  const lane = new Lane(2)
  const passed: number[] = []
  const giveUp = new AbortController()
  const turns = [1, 2, 3, 4, 5].map((number) =>
    lane.enter(number === 3 ? giveUp.signal : undefined).then(() => passed.push(number)),
  )
  const third = expect(turns[2]).rejects.toThrow('no more')
  await settle()
  expect(passed).toEqual([1, 2])
  giveUp.abort(new Error('no more'))
  await third
  expect(passed).toEqual([1, 2])
  lane.leave()
  await settle()
  expect(passed).toEqual([1, 2, 4])
  lane.leave()
  lane.leave()
  lane.leave()
  await Promise.all([turns[4], lane.enter()])
  expect(passed).toEqual([1, 2, 4, 5])
})
