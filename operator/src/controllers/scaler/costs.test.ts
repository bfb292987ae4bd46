import { describe, expect, test } from 'vitest'
import { aPolicy, lag, lagSignal, names, rate, rateSignal, World } from './a-world.ts'
import { learnCosts, unknownCosts, worthOf, type Costs } from './costs.ts'
import type { SignalReading } from './state.ts'
import type { ScalerSpec } from './types.ts'

const known = (startSeconds: number, rebalanceSeconds: number): Costs => ({
  ...unknownCosts,
  startMs: startSeconds * 1000,
  rebalanceMs: rebalanceSeconds * 1000
})

describe('what a change costs is learned', () => {
  const growing = { ...unknownCosts, growing: { at: 10_000, to: 4 } }
  const seen = { replicas: 4, ready: 3, rebalancing: false, now: 30_000 }

  test('from the decision until all new replicas are ready', () => {
    expect(learnCosts(growing, seen)).toEqual(growing)
    expect(learnCosts(growing, { ...seen, ready: 4 })).toEqual({ ...unknownCosts, startMs: 20_000 })
  })

  test('a slow start counts at once, quick ones let it go slowly', () => {
    const slow = learnCosts({ ...growing, startMs: 5_000 }, { ...seen, ready: 4 })
    expect(slow.startMs).toBe(20_000)
    expect(learnCosts({ ...growing, startMs: 60_000 }, { ...seen, ready: 4 }).startMs).toBe(48_000)
  })

  test('a change taken back and a start that never ends teach nothing', () => {
    expect(learnCosts(growing, { ...seen, replicas: 2 })).toEqual(unknownCosts)
    expect(learnCosts(growing, { ...seen, ready: 4, now: 700_000 })).toEqual(unknownCosts)
  })

  test('a rebalance lasts from the first reading that shows it to the first that does not', () => {
    const begun = learnCosts(unknownCosts, { ...seen, rebalancing: true })
    const goesOn = learnCosts(begun, { ...seen, rebalancing: true, now: 33_000 })
    expect(learnCosts(goesOn, { ...seen, now: 36_000 })).toEqual({ ...unknownCosts, rebalanceMs: 6_000 })
  })
})

describe('more replicas are worth it', () => {
  const backlog = { lag: 1_000, arrival: 10, drain: { perSecond: 50, samples: 9 }, learned: true }

  test.each([
    // 1,000 at 40/s net take 25 s.
    { costs: known(30, 5), to: 2, without: 25, with: 35, name: 'not when the backlog is gone before they are there' },
    // 5 s at 40/s leave 800, 2 s of standing still make it 820, and 90/s net take 9.1 s.
    { costs: known(5, 2), to: 2, without: 25, with: 16.1, name: 'when they are quick' },
    { costs: known(20, 60), to: 2, without: 25, with: 88.9, name: 'not when the pause makes more than they clear' }
  ])('$name', ({ costs, to, without, with: withThem }) => {
    const worth = worthOf(backlog, { from: 1, to, costs })
    expect(worth?.without).toBeCloseTo(without, 1)
    expect(worth?.with).toBeCloseTo(withThem, 1)
  })

  test.each([
    { name: 'the drain rate is not learned', more: { learned: false } },
    { name: 'nothing is behind', more: { lag: 0 } },
    { name: 'more comes in than is done', more: { arrival: 60 } }
  ])('is not asked where $name', ({ more }) => {
    expect(worthOf({ ...backlog, ...more }, { from: 1, to: 2, costs: known(30, 5) })).toBeUndefined()
  })
})

describe('a decision', () => {
  /** 63 messages of each partition in five seconds, and nothing new. */
  const reading = (step: number): SignalReading =>
    lag(
      [0, 0, 0, 0].map(() => 1500 - step * 63),
      { committed: 1000 + step * 63, members: 1 }
    )
  /** One replica that gets 50 messages a second done; the rate is learned while a rival keeps the target as it is. */
  const learnedWorld = (costs: Costs, signals: ScalerSpec['signals'] = [lagSignal]): World => {
    const world = new World(aPolicy({ signals }), 1)
    for (let step = 0; step < 6; step++) world.step({ lag: reading(step), bids: rate(0) }, { rival: 'a test' })
    world.state = { ...world.state, costs, expected: undefined, foreign: [] }
    return world
  }

  test('leaves a backlog alone that is gone before new replicas would be there, and says so', () => {
    const decision = learnedWorld(known(120, 5)).step({ lag: reading(6) })
    expect(decision.demand.wants).toBeGreaterThan(1)
    expect(decision.to).toBe(1)
    expect(names(decision)).toContain('rebalance-cost')
    expect(decision.clamps.at(-1)?.why).toMatch(
      /^the backlog is gone in \d+ s; with the start and the rebalance of \d it would take \d+ s$/
    )
  })

  test('adds replicas for the same backlog where they are quick, or where their cost is not known', () => {
    for (const costs of [known(2, 1), unknownCosts])
      expect(learnedWorld(costs).step({ lag: reading(6) }).to).toBeGreaterThan(1)
  })

  test('what a rate asks for is added whatever it costs', () => {
    const world = learnedWorld(known(120, 5), [lagSignal, rateSignal])
    expect(world.step({ lag: reading(6), bids: rate(150) }).to).toBe(3)
  })

  test('notes when it asked, and so learns the start of what it asked for', () => {
    const world = new World(aPolicy({ signals: [rateSignal] }), 1)
    world.step({ bids: rate(200) })
    world.step({ bids: rate(200) }, { ready: 1 })
    world.step({ bids: rate(200) }, { ready: 2 })
    expect(world.state.costs.startMs).toBeUndefined()
    world.step({ bids: rate(200) })
    expect(world.state.costs.startMs).toBe(15_000)
  })

  test('asks for replicas before a rush as much earlier as they take to start', () => {
    const policy = aPolicy({
      signals: [
        rateSignal,
        { name: 'calendar', auctionCalendar: { url: 'http://bidding', perReplica: 10, leadSeconds: 60 } }
      ]
    })
    const endings = (now: number): SignalReading => ({
      type: 'calendar',
      reading: { ok: true, value: { endings: Array.from({ length: 40 }, () => now + 90_000) } }
    })
    const world = new World(policy)
    expect(world.step({ bids: rate(0), calendar: endings(world.now) }).to).toBe(1)
    world.state = { ...world.state, costs: known(40, 1) }
    expect(world.step({ bids: rate(0), calendar: endings(world.now) }).to).toBe(4)
  })
})
