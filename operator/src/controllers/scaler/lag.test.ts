import { describe, expect, test } from 'vitest'
import { aPolicy, lag, lagSignal, names, rate, rateSignal, World } from './a-world.ts'
import { stateOf, type SignalReading } from './state.ts'

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
