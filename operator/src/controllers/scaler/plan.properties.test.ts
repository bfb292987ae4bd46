import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aPolicy, changesOf, lag, lagSignal, missing, rate, rateSignal, World } from './a-world.ts'
import type { SignalReading } from './state.ts'

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
