import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Decision } from './plan.ts'
import { policyOf, type Policy } from './policy.ts'
import { emptyState, stateOf, type Sample, type ScalerState, type SignalReading } from './state.ts'
import type { ScalerSpec } from './types.ts'

const lagSignal = {
  name: 'lag',
  kafkaLag: { group: 'order', topics: ['sales'], lagPerReplica: 100, maxCatchUpSeconds: 20 }
}
const rateSignal = { name: 'bids', bidsPerSecond: { perReplica: 50 } }

const aPolicy = (spec: Partial<ScalerSpec> = {}): Policy =>
  policyOf({
    target: { name: 'order' },
    replicas: { min: 1, max: 10 },
    signals: [lagSignal],
    behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    ...spec
  })

const lag = (
  lags: readonly number[],
  more: { committed?: number; members?: number; state?: string } = {}
): SignalReading => ({
  type: 'lag',
  reading: {
    ok: true,
    value: {
      partitions: lags.map((behind, index) => ({
        key: `sales/${index}`,
        start: 0,
        end: (more.committed ?? 1000) + behind,
        committed: more.committed ?? 1000
      })),
      members: more.members,
      groupState: more.state ?? 'Stable'
    }
  }
})
const missing = (type: 'lag' | 'rate' = 'lag'): SignalReading => ({ type, reading: { ok: false, why: 'away' } })
const rate = (perSecond: number): SignalReading => ({ type: 'rate', reading: { ok: true, value: { perSecond } } })

/** A cluster on a virtual clock: what is decided is there at once. */
class World {
  now = 1_000_000
  replicas: number
  state: ScalerState = emptyState
  readonly policy: Policy
  readonly history: number[] = []
  constructor(policy: Policy, replicas = 1) {
    this.policy = policy
    this.replicas = replicas
  }
  step(signals: Record<string, SignalReading>, more: Partial<Sample> = {}, elapsedMs = 5_000): Decision {
    this.now += elapsedMs
    const { decision, state } = decide(
      this.policy,
      this.state,
      { replicas: this.replicas, ready: this.replicas, signals, ...more },
      this.now
    )
    this.state = state
    if (decision.withheld === undefined) this.replicas = decision.to
    this.history.push(this.replicas)
    return decision
  }
  run(signals: Record<string, SignalReading>, steps: number, more: Partial<Sample> = {}): Decision {
    let decision = this.step(signals, more)
    for (let step = 1; step < steps; step++) decision = this.step(signals, more)
    return decision
  }
}

const names = ({ clamps }: Decision) => clamps.map(({ name }) => name)
const changesOf = (history: readonly number[]) =>
  history.filter((value, index) => index > 0 && value !== history[index - 1]).length

describe('a lag becomes replicas', () => {
  test.each([
    ['nothing behind', [0, 0, 0, 0], 1],
    ['one replica’s share', [25, 25, 25, 25], 1],
    ['three replicas’ share', [75, 75, 75, 75], 3],
    ['more than there are partitions to read it', [5000, 5000, 5000, 5000], 4],
    ['one hot partition, which one replica reads', [90_000, 0, 0, 0], 1]
  ])('%s', (_what, lags, expected) => {
    expect(new World(aPolicy()).run({ lag: lag(lags) }, 2).to).toBe(expected)
  })

  test('max is a cap by name, and partitions are another', () => {
    const wide = Array.from({ length: 30 }, () => 1000)
    expect(names(new World(aPolicy()).step({ lag: lag(wide) }))).toEqual(['max'])
    const world = new World(aPolicy({ signals: [lagSignal, rateSignal] }))
    expect(names(world.step({ lag: lag([0, 0]), bids: rate(500) }))).toEqual(['partitions'])
    expect(world.replicas).toBe(2)
  })

  test('the largest wish counts', () => {
    const world = new World(aPolicy({ signals: [lagSignal, rateSignal] }))
    expect(world.step({ lag: lag([100, 100, 100, 100, 100, 100]), bids: rate(100) }).to).toBe(6)
  })

  test.each([
    [5, 10, 6],
    [7, 10, 6],
    [7, 12, 12]
  ])('even distribution: a wish of %i under a cap of %i becomes %i of 12 partitions', (wish, max, expected) => {
    const policy = aPolicy({
      replicas: { min: 1, max },
      signals: [{ name: 'lag', kafkaLag: { ...lagSignal.kafkaLag, evenDistribution: true } }]
    })
    expect(new World(policy).step({ lag: lag(Array.from({ length: 12 }, () => (wish * 100) / 12)) }).to).toBe(expected)
  })

  test('without an offset a group owes everything from the start, or just a visit', () => {
    const reading: SignalReading = {
      type: 'lag',
      reading: {
        ok: true,
        value: {
          partitions: [{ key: 'sales/0', start: 50, end: 400, committed: undefined }],
          members: 0,
          groupState: 'Empty'
        }
      }
    }
    expect(new World(aPolicy()).step({ lag: reading }).demand.lags['lag']?.lag).toBe(350)
    const latest = aPolicy({ signals: [{ name: 'lag', kafkaLag: { ...lagSignal.kafkaLag, withoutOffset: 'Latest' } }] })
    expect(new World(latest).step({ lag: reading }).demand.lags['lag']?.lag).toBe(0)
    expect(new World(latest, 0).step({ lag: reading }).demand.lags['lag']?.lag).toBe(1)
  })
})

describe('the drain rate', () => {
  const drain = (world: World, from: number[], perStep: number, steps: number) => {
    let committed = 1000
    let left = from
    let decision = world.step({ lag: lag(left, { committed }) })
    for (let step = 0; step < steps; step++) {
      left = left.map((behind) => Math.max(0, behind - perStep))
      committed += perStep
      decision = world.step({ lag: lag(left, { committed }) })
    }
    return decision
  }

  test('is learned under load, from the third comparison on, and then counts time instead of messages', () => {
    const world = new World(aPolicy({ replicas: { min: 2, max: 2 } }), 2)
    const two = drain(world, [10_000, 10_000, 10_000, 10_000], 250, 2)
    expect(two.demand.lags['lag']).toMatchObject({ learned: false })
    const more = drain(world, [10_000, 10_000, 10_000, 10_000], 250, 3)
    // Four partitions of 250 messages in 5 s by two replicas.
    expect(more.demand.lags['lag']?.learned).toBe(true)
    expect(more.demand.lags['lag']?.drain?.perSecond).toBeCloseTo(100)
    expect(more.inputs[0]?.why).toMatch(/at 100\/s a replica/)
  })

  test('partitions are dealt out whole: work for nine replicas asks for twelve, where there are twelve partitions', () => {
    const world = new World(aPolicy({ replicas: { min: 1, max: 12 } }), 9)
    world.state = stateOf({ learned: [{ signal: 'lag', drainPerReplica: 100, samples: 9 }] })
    const decision = world.step({ lag: lag(Array.from({ length: 12 }, () => 1500)) })
    expect(decision.demand.lags['lag']).toMatchObject({ work: 9, wants: 12 })
    const less = world.step({ lag: lag(Array.from({ length: 12 }, () => 950)) })
    expect(less.demand.lags['lag']).toMatchObject({ wants: 6 })
  })

  test('is learned from the replica that was busy, where it is known who reads what', () => {
    const world = new World(aPolicy({ replicas: { min: 2, max: 2 } }), 2)
    // The first replica has a backlog; the second keeps pace with the little that it gets.
    for (let step = 0; step < 5; step++) {
      const keys = ['sales/0', 'sales/1', 'sales/2']
      const [busy, mine, other] = [1000 + step * 400, 5000 + step * 100, 5000 + step * 20]
      world.step({
        lag: {
          type: 'lag',
          reading: {
            ok: true,
            value: {
              members: 2,
              groupState: 'Stable',
              assignments: [keys.slice(0, 2), keys.slice(2)],
              partitions: [
                { key: 'sales/0', start: 0, end: 9000, committed: busy },
                { key: 'sales/1', start: 0, end: mine, committed: mine },
                { key: 'sales/2', start: 0, end: other, committed: other }
              ]
            }
          }
        }
      })
    }
    expect(world.state.lag['lag']?.drain?.perSecond).toBeCloseTo(100)
  })

  test('is not learned while consumers wait for work', () => {
    const world = new World(aPolicy(), 1)
    let committed = 1000
    for (let step = 0; step < 10; step++) world.step({ lag: lag([2, 2], { committed: (committed += 500) }) })
    expect(world.state.lag['lag']?.drain).toBeUndefined()
  })

  test('is not learned across a change of replicas or a rebalance', () => {
    const world = new World(aPolicy({ replicas: { min: 1, max: 1 } }))
    for (let step = 1; step < 10; step++)
      world.step({
        lag: lag([9000], { committed: 1000 + step * 100, state: step % 2 ? 'Stable' : 'PreparingRebalance' })
      })
    expect(world.state.lag['lag']?.drain).toBeUndefined()
  })

  test('survives a restart by way of status', () => {
    expect(stateOf({ learned: [{ signal: 'lag', drainPerReplica: 40, samples: 7 }] }).lag['lag']?.drain).toEqual({
      perSecond: 40,
      samples: 7
    })
  })
})

describe('partitions that no replica can help', () => {
  test('a poison pill is named after half a minute, and drives nothing up', () => {
    const world = new World(aPolicy())
    let committed = 1000
    let decision = world.step({ lag: lag([0, 0, 0, 0]) })
    for (let step = 0; step < 12; step++) {
      committed += 50
      decision = world.step({
        lag: {
          type: 'lag',
          reading: {
            ok: true,
            value: {
              groupState: 'Stable',
              members: 1,
              partitions: [0, 1, 2, 3].map((index) => ({
                key: `sales/${index}`,
                start: 0,
                end: index === 2 ? 1000 + step * 50 + 50 : committed,
                committed: index === 2 ? 1000 : committed
              }))
            }
          }
        }
      })
    }
    expect(decision.demand.lags['lag']?.classes.find(({ key }) => key === 'sales/2')?.class).toBe('Stalled')
    expect(decision.demand.lags['lag']?.classes.filter(({ class: found }) => found === 'Ok')).toHaveLength(3)
    expect(world.replicas).toBe(1)
  })

  test('a group that stopped keeps its replicas and gets no more', () => {
    const world = new World(aPolicy(), 3)
    const decision = world.run({ lag: lag([80, 80, 80, 80], { members: 0, state: 'Empty' }) }, 40)
    expect(decision.demand.lags['lag']?.classes[0]?.class).toBe('Stopped')
    expect(new Set(world.history.slice(10)).size).toBe(1)
    expect(world.replicas).toBeGreaterThanOrEqual(3)
  })

  test('one hot partition is called skewed', () => {
    const decision = new World(aPolicy()).run({ lag: lag([9000, 10, 10, 10]) }, 2)
    expect(decision.demand.lags['lag']?.skewed?.key).toBe('sales/0')
  })

  test('a transaction’s marker is no message: a lag of one that stays is none', () => {
    const world = new World(aPolicy({ replicas: { min: 0, max: 4 }, scaleToZero: { coolDownSeconds: 60 } }))
    world.run({ lag: lag([1, 0], { members: 1 }) }, 40)
    expect(world.replicas).toBe(0)
    world.run({ lag: lag([1, 0], { members: 0, state: 'Empty' }) }, 40)
    expect(world.replicas).toBe(0)
    world.step({ lag: lag([2, 0], { members: 0, state: 'Empty' }) })
    expect(world.replicas).toBe(1)
  })
})

describe('the auction calendar', () => {
  const policy = aPolicy({
    signals: [
      rateSignal,
      {
        name: 'calendar',
        auctionCalendar: { url: 'http://bidding', perReplica: 10, leadSeconds: 60, staleAfterSeconds: 30 }
      }
    ]
  })
  const calendar = (inSeconds: number[], now: number): SignalReading => ({
    type: 'calendar',
    reading: { ok: true, value: { endings: inSeconds.map((seconds) => now + seconds * 1000) } }
  })

  test('warms replicas before many auctions end, within the caps, and lets them go afterwards', () => {
    const world = new World(policy)
    const rush = Array.from({ length: 45 }, () => 90)
    expect(world.step({ bids: rate(0), calendar: calendar(rush, world.now) }).to).toBe(1)
    world.now += 30_000
    const warm = world.step({
      bids: rate(0),
      calendar: calendar(
        rush.map(() => 55),
        world.now
      )
    })
    expect(warm.to).toBe(5)
    expect(names(warm)).toContain('auction-floor')
    const crowd = Array.from({ length: 900 }, () => 30)
    expect(world.step({ bids: rate(0), calendar: calendar(crowd, world.now) }).to).toBe(10)
    world.run({ bids: rate(0), calendar: calendar([], world.now) }, 20)
    expect(world.replicas).toBe(1)
  })

  test('is remembered over a short gap and ignored when stale', () => {
    const world = new World(policy)
    world.step({
      bids: rate(0),
      calendar: calendar(
        Array.from({ length: 40 }, () => 55),
        world.now
      )
    })
    const gone: SignalReading = { type: 'calendar', reading: { ok: false, why: 'away' } }
    expect(world.step({ bids: rate(0), calendar: gone }).demand.floor).toBe(4)
    expect(world.run({ bids: rate(0), calendar: gone }, 7).demand.floor).toBe(0)
  })
})

describe('missing data', () => {
  test('never takes a replica away, and others may still add', () => {
    const world = new World(aPolicy({ signals: [lagSignal, rateSignal] }), 5)
    expect(names(world.run({ lag: missing(), bids: rate(0) }, 100))).toEqual(['missing-data'])
    expect(world.replicas).toBe(5)
    expect(world.step({ lag: missing(), bids: rate(350) }).to).toBe(7)
  })

  test('falls back to a number only when that is more, and only after several failures', () => {
    const policy = aPolicy({ fallback: { behavior: 'Replicas', replicas: 6 } })
    const world = new World(policy, 2)
    expect(world.run({ lag: missing() }, 2).to).toBe(2)
    expect(world.step({ lag: missing() }).to).toBe(6)
    expect(new World(policy, 8).run({ lag: missing() }, 20).to).toBe(8)
  })

  test('the partition cap outlives the reading it came from', () => {
    const world = new World(aPolicy({ signals: [lagSignal, rateSignal] }))
    world.step({ lag: lag([0, 0, 0]), bids: rate(0) })
    expect(world.step({ lag: missing(), bids: rate(5000) }).to).toBe(3)
  })
})

describe('zero', () => {
  const policy = aPolicy({ replicas: { min: 0, max: 8 }, scaleToZero: { coolDownSeconds: 120 } })

  test('is reached through one, after the cool-down, and left to one', () => {
    const world = new World(policy, 4)
    world.run({ lag: lag([0, 0, 0, 0]) }, 60)
    expect(world.replicas).toBe(0)
    expect(world.history[world.history.indexOf(0) - 1]).toBe(1)
    expect(world.history.indexOf(0) * 5).toBeGreaterThanOrEqual(115)
    const woken = world.step({ lag: lag([5000, 5000, 5000, 5000]) })
    expect([woken.to, names(woken)]).toEqual([1, ['activation']])
    expect(world.step({ lag: lag([5000, 5000, 5000, 5000]) }).to).toBe(4)
  })

  test('is not left for a lag at or below the activation', () => {
    const sleepy = aPolicy({
      replicas: { min: 0, max: 8 },
      signals: [{ name: 'lag', kafkaLag: { ...lagSignal.kafkaLag, activationLag: 10 } }]
    })
    const world = new World(sleepy, 0)
    expect(world.step({ lag: lag([5, 5]) }).to).toBe(0)
    expect(world.step({ lag: lag([5, 6]) }).to).toBe(1)
  })
})

describe('behaviour', () => {
  test('a dip shorter than the window changes nothing', () => {
    const world = new World(aPolicy())
    world.run({ lag: lag([100, 100, 100, 100]) }, 3)
    const dip = world.run({ lag: lag([0, 0, 0, 0]) }, 6)
    expect([dip.to, names(dip)]).toEqual([4, ['min', 'stabilization']])
    expect(world.run({ lag: lag([0, 0, 0, 0]) }, 8).to).toBe(1)
  })

  test('steps are bounded by policies, and Disabled allows none', () => {
    const stepping = (selectPolicy: 'Max' | 'Min' | 'Disabled') =>
      aPolicy({
        behavior: {
          scaleUp: {
            policies: [
              { type: 'Pods', value: 2, periodSeconds: 15 },
              { type: 'Percent', value: 100, periodSeconds: 15 }
            ],
            selectPolicy
          }
        }
      })
    const busy = { lag: lag(Array.from({ length: 12 }, () => 100)) }
    const fast = new World(stepping('Max'), 3)
    fast.run(busy, 4)
    expect(fast.history).toEqual([6, 6, 6, 10])
    const slow = new World(stepping('Min'), 3)
    slow.run(busy, 4)
    expect(slow.history).toEqual([5, 5, 5, 7])
    expect(new World(stepping('Disabled'), 3).step(busy).to).toBe(3)
  })

  test('tolerance keeps small differences, but never under the cap', () => {
    const wide = aPolicy({ replicas: { min: 1, max: 24 } })
    const share = (replicas: number, partitions = 40) => ({
      lag: lag(Array.from({ length: partitions }, () => (replicas * 100) / partitions))
    })
    expect(names(new World(wide, 20).step(share(21)))).toEqual(['tolerance'])
    expect(new World(wide, 22).step(share(24)).to).toBe(24)
    expect(new World(wide, 22).step({ lag: lag(Array.from({ length: 24 }, () => 100)) }).to).toBe(24)
  })

  test('the rebalance budget holds what exceeds it', () => {
    const world = new World(aPolicy({ rebalanceBudget: { maxChanges: 2, windowSeconds: 20 } }))
    world.step({ lag: lag([100, 100, 0, 0, 0, 0]) })
    world.step({ lag: lag([100, 100, 100, 100, 0, 0]) })
    const third = world.step({ lag: lag([100, 100, 100, 100, 100, 100]) })
    expect([third.to, names(third)]).toEqual([4, ['rebalance-budget']])
    expect(world.run({ lag: lag([100, 100, 100, 100, 100, 100]) }, 2).to).toBe(6)
  })

  test.each([
    ['a rebalance', { lag: lag([0, 0], { state: 'PreparingRebalance' }) }, {}],
    ['a saga in flight', { lag: lag([0, 0]) }, { gauge: { ok: true, value: 3 } as const }],
    ['a gauge that is missing', { lag: lag([0, 0]) }, { gauge: { ok: false, why: 'away' } as const }]
  ])('scale-in is held by %s, and not for ever', (_what, signals, more) => {
    const world = new World(aPolicy({ holdLimitSeconds: 300 }), 2)
    world.run(signals, 60, more)
    expect(world.replicas).toBe(2)
    world.run(signals, 30, more)
    expect(world.replicas).toBe(1)
  })

  test.each([
    ['paused', { paused: true }, [3, 3]],
    ['pausedIn', { pausedIn: true }, [3, 6]],
    ['pausedOut', { pausedOut: true }, [1, 3]]
  ])('%s', (_what, spec, [afterQuiet, afterBusy]) => {
    const quiet = new World(aPolicy(spec), 3)
    quiet.run({ lag: lag([0, 0, 0, 0, 0, 0]) }, 30)
    const busy = new World(aPolicy(spec), 3)
    busy.run({ lag: lag([100, 100, 100, 100, 100, 100]) }, 30)
    expect([quiet.replicas, busy.replicas]).toEqual([afterQuiet, afterBusy])
  })
})

describe('others at the target', () => {
  test('a rival and Recommend write nothing, and still explain', () => {
    const busy = { lag: lag([100, 100, 100]) }
    expect(new World(aPolicy()).step(busy, { rival: 'HorizontalPodAutoscaler order' })).toMatchObject({
      to: 3,
      withheld: 'Rival'
    })
    expect(new World(aPolicy({ mode: 'Recommend' })).step(busy)).toMatchObject({ to: 3, withheld: 'Recommend' })
  })

  test('whoever keeps resetting the replicas is noticed the third time, and not fought for ten minutes', () => {
    const world = new World(aPolicy())
    const busy = { lag: lag([100, 100, 100]) }
    for (let round = 0; round < 3; round++) {
      expect(world.step(busy).withheld).toBeUndefined()
      world.replicas = 1
    }
    expect(world.step(busy).withheld).toBe('Contested')
    world.now += 600_000
    expect(world.step(busy).withheld).toBeUndefined()
  })
})

describe('whatever the signals say', () => {
  const arbitraryPolicy = fc
    .record({
      min: fc.integer({ min: 0, max: 4 }),
      extra: fc.integer({ min: 1, max: 20 }),
      windowSeconds: fc.constantFrom(0, 15, 60),
      pods: fc.constantFrom(undefined, 1, 3),
      budget: fc.constantFrom(undefined, 1, 3),
      tolerancePercent: fc.constantFrom(0, 10, 30),
      coolDownSeconds: fc.constantFrom(0, 30)
    })
    .map(({ min, extra, windowSeconds, pods, budget, tolerancePercent, coolDownSeconds }) => {
      const direction = {
        stabilizationWindowSeconds: windowSeconds,
        ...(pods === undefined ? {} : { policies: [{ type: 'Pods' as const, value: pods, periodSeconds: 15 }] })
      }
      return aPolicy({
        replicas: { min, max: min + extra },
        signals: [
          lagSignal,
          rateSignal,
          { name: 'calendar', auctionCalendar: { url: 'http://bidding', perReplica: 5 } }
        ],
        behavior: { scaleUp: direction, scaleDown: direction, tolerancePercent },
        scaleToZero: { coolDownSeconds },
        ...(budget === undefined ? {} : { rebalanceBudget: { maxChanges: budget, windowSeconds: 60 } })
      })
    })
  const partitions = 6
  const arbitrarySignals = fc.record({
    lags: fc.option(fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: partitions, maxLength: partitions })),
    bids: fc.option(fc.integer({ min: 0, max: 1500 })),
    endings: fc.option(fc.integer({ min: 0, max: 40 })),
    committed: fc.integer({ min: 1000, max: 9000 }),
    state: fc.constantFrom('Stable', 'PreparingRebalance', 'Empty'),
    members: fc.integer({ min: 0, max: 6 })
  })
  type Moment = typeof arbitrarySignals extends fc.Arbitrary<infer T> ? T : never
  const signalsOf = (moment: Moment, now: number): Record<string, SignalReading> => ({
    lag: moment.lags === null ? missing() : lag(moment.lags, moment),
    bids: moment.bids === null ? missing('rate') : rate(moment.bids),
    calendar: {
      type: 'calendar',
      reading:
        moment.endings === null
          ? { ok: false, why: 'away' }
          : { ok: true, value: { endings: Array.from({ length: moment.endings }, () => now + 20_000) } }
    }
  })

  test('limits hold, zero goes through one, and missing data never takes a replica', () => {
    fc.assert(
      fc.property(
        arbitraryPolicy,
        fc.integer({ min: 0, max: 24 }),
        fc.array(arbitrarySignals, { minLength: 1, maxLength: 40 }),
        (policy, start, moments) => {
          const world = new World(policy, Math.min(Math.max(start, policy.min), policy.max))
          let partitionsKnown = false
          for (const moment of moments) {
            const before = world.replicas
            const decision = world.step(signalsOf(moment, world.now))
            partitionsKnown ||= moment.lags !== null
            const ceiling = Math.max(policy.min, Math.min(policy.max, partitionsKnown ? partitions : Infinity))
            expect(decision.to).toBeLessThanOrEqual(ceiling)
            expect(decision.to).toBeGreaterThanOrEqual(Math.min(ceiling, Math.max(policy.min, decision.demand.floor)))
            if (decision.to === 0) expect(before).toBeLessThanOrEqual(1)
            if (moment.lags === null || moment.bids === null)
              expect(decision.to).toBeGreaterThanOrEqual(Math.min(before, ceiling))
            expect(decision.clamps.at(-1)?.to ?? decision.to).toBe(decision.to)
          }
        }
      ),
      { numRuns: 300 }
    )
  })

  test('a world that stands still is left alone: it converges and then never changes', () => {
    fc.assert(
      fc.property(arbitraryPolicy, fc.integer({ min: 0, max: 24 }), arbitrarySignals, (policy, start, moment) => {
        const world = new World(policy, Math.min(Math.max(start, policy.min), policy.max))
        const still = { ...moment, state: 'Stable' as const }
        for (let step = 0; step < 400; step++) world.step(signalsOf(still, world.now))
        expect(changesOf(world.history.slice(200))).toBe(0)
        // On the way there it goes down and up at most once each.
        const moves = world.history.flatMap((value, index) => {
          const was = world.history[index - 1] ?? value
          return value === was ? [] : [value > was]
        })
        expect(moves.filter((up, index) => index > 0 && up !== moves[index - 1]).length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 100 }
    )
  })

  test('the same samples give the same decisions', () => {
    fc.assert(
      fc.property(arbitraryPolicy, fc.array(arbitrarySignals, { minLength: 1, maxLength: 20 }), (policy, moments) => {
        const replay = () => {
          const world = new World(policy, 2)
          return moments.map((moment) => world.step(signalsOf(moment, world.now)))
        }
        expect(replay()).toEqual(replay())
      }),
      { numRuns: 50 }
    )
  })

  test('tolerance never keeps a target under a cap that it should reach', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 60 }), (cap, from) => {
        const world = new World(aPolicy({ replicas: { min: 1, max: 100 } }), Math.min(from, cap))
        world.run({ lag: lag(Array.from({ length: cap }, () => 100)) }, 3)
        expect(world.replicas).toBe(cap)
      })
    )
  })
})
