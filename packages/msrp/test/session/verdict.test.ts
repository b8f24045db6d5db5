import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/session/options.ts'
import { refusedBy } from '../../src/session/verdict.ts'

describe('What an application said to a request', () => {
  test('takes it', () => expect(refusedBy('accept')).toBeUndefined())

  test.each<[Verdict, { status: number; comment?: string }]>([
    [403, { status: 403 }],
    [{ status: 428 }, { status: 428 }],
    [
      { status: 404, comment: 'nobody of that name' },
      { status: 404, comment: 'nobody of that name' },
    ],
  ])('refuses it: %j', (given, refused) => expect(refusedBy(given)).toEqual(refused))

  test.each([undefined, null, true, 200, 42, 403.5, Number.NaN, 'yes', {}, { status: 200 }])(
    'refuses it with 403 when it is no verdict: %j',
    (given) => expect(refusedBy(given as unknown as Verdict)).toEqual({ status: 403 }),
  )
})
