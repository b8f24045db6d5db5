import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NO_LIMITS } from '../../src/forwarding/limits/limits.ts'
import { NO_POLICY, type PolicySettings } from '../../src/forwarding/policy/policy-settings.ts'
import { type Step, Traffic } from './traffic.ts'

const RUNS = 100

const node = fc.nat(4)
const Orderly: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('chunk' as const),
      session: fc.nat(5),
      end: fc.constantFrom(0 as const, 1 as const),
      size: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 40_000 })),
      flag: fc.constantFrom('$' as const, '+' as const, '+' as const, '#' as const),
      failureReport: fc.constantFrom('yes' as const, 'yes' as const, 'partial' as const, 'no' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), node, bytes: fc.nat(20_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const), node }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), seconds: fc.nat(40) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('manner' as const),
      node,
      manner: fc.constantFrom('well' as const, 'well' as const, 'not at all' as const, 'with 415' as const),
    }),
  },
)
const Rough: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: Orderly },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), node }) },
)

const Setting = fc.record({
  flowBuffer: fc.integer({ min: 3000, max: 100_000 }),
  capacity: fc.oneof(fc.integer({ min: 500, max: 10_000 }), fc.constant(65_536)),
  splits: fc.array(fc.oneof(fc.integer({ min: 20, max: 300 }), fc.integer({ min: 300, max: 20_000 })), {
    minLength: 1,
    maxLength: 20,
  }),
  sessions: fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { maxLength: 3 }),
})

/** Slow enough for most to wait, and fast enough for all to arrive in the end. */
const rate = fc.oneof(fc.constant(0), fc.integer({ min: 40_000, max: 400_000 }))
const Limited: fc.Arbitrary<PolicySettings> = fc
  .record({ alice: rate, others: rate, domain: rate, maximumSize: fc.constantFrom(0, 0, 30_000) })
  .map(({ alice, others, domain, maximumSize }) => ({
    ...NO_POLICY,
    limits: {
      users: {
        ...NO_LIMITS,
        bytesPerSecond: others,
        exceptions: [{ names: ['alice@example.com'], bytesPerSecond: alice, bytesPerDay: 300_000 }],
      },
      domains: { ...NO_LIMITS, bytesPerSecond: domain },
    },
    messages: { ...NO_POLICY.messages, maximumSize },
  }))

async function run(
  { splits, ...setting }: typeof Setting extends fc.Arbitrary<infer T> ? T & { policy?: PolicySettings } : never,
  steps: readonly Step[],
) {
  let turn = 0
  const split = (): number => splits[turn++ % splits.length] ?? 1
  const traffic = await Traffic.between({ ...setting, split })
  await traffic.run(steps)
  return traffic
}

function check(traffic: Traffic): void {
  expect(traffic.astray).toEqual([])
  for (const chunk of traffic.chunks) {
    const { message, from, to, start, end, flag, failureReport, ended } = chunk
    // Throws for bytes that are not as they were sent, whatever was told.
    const { bytes, ended: endArrived } = traffic.arrived(message)
    if (traffic.gone(from)) continue
    const { responses, reports } = traffic.told(chunk)
    const what = `${chunk.id} of ${message.id}, ${start}-${end}${flag}, ${failureReport}: ${responses} ${reports}`
    if (failureReport === 'no') {
      expect([responses, reports], what).toEqual([[], []])
      continue
    }
    const errors = [...responses.filter((status) => status !== 200), ...reports]
    expect(errors.length, what).toBeLessThanOrEqual(1)
    expect(ended, what).toBe(true)
    if (failureReport === 'yes') expect(responses, what).toHaveLength(1)
    else expect(responses.includes(200), what).toBe(false)
    if (errors.length > 0 || (failureReport === 'partial' && traffic.gone(to))) continue
    expect(
      bytes.subarray(start, end).every((byte) => byte === 1),
      `${what}: arrived`,
    ).toBe(true)
    if (flag === '$') expect(endArrived, `${what}: end arrived`).toBe(true)
  }
}

it('every byte arrives as it was sent, or its sender is told, once', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(Setting, fc.array(Orderly, { maxLength: 80, size: 'max' }), async (setting, steps) =>
      check(await run(setting, steps)),
    ),
    { numRuns: RUNS },
  )
})

it('every byte arrives as it was sent, or its sender is told, once, also when connections are cut', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(Setting, fc.array(Rough, { maxLength: 80, size: 'max' }), async (setting, steps) =>
      check(await run(setting, steps)),
    ),
    { numRuns: RUNS },
  )
})

it('every byte arrives as it was sent, or its sender is told, once, also of those who are limited', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      Setting,
      Limited,
      fc.array(Rough, { maxLength: 80, size: 'max' }),
      async (setting, policy, steps) => check(await run({ ...setting, policy }, steps)),
    ),
    { numRuns: RUNS / 2 },
  )
})
