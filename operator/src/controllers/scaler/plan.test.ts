import { describe, expect, test } from 'vitest'
import { aPolicy, lag, lagSignal, missing, names, rate, rateSignal, World } from './a-world.ts'
import type { SignalReading } from './state.ts'

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

describe('a rate from counters', () => {
  const counted = (bids: number): SignalReading => ({
    type: 'rate',
    reading: { ok: true, value: { counters: { '10.0.0.1:8080': bids } } }
  })

  test('is not taken from two readings in a moment: the last one stands', () => {
    const world = new World(
      aPolicy({ signals: [rateSignal], behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })
    )
    world.step({ bids: counted(0) })
    expect(world.step({ bids: counted(1_000) }).to).toBe(4)
    // The target changed, so the counters are read again 40 ms later, and nobody has bid in between.
    expect(world.step({ bids: counted(1_000) }, {}, 40).to).toBe(4)
    expect(world.step({ bids: counted(2_000) }, {}, 4_960).to).toBe(4)
    expect(world.step({ bids: counted(2_000) }).to).toBe(1)
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
