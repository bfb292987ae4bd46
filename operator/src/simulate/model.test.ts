import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gavelPolicy, hpaLikePolicy, kedaLikePolicy } from './contenders.ts'
import { simulate, type ScalingPolicy } from './model.ts'
import { readRecording, type Recording } from './recording.ts'
import { svgOf } from './svg.ts'
import { tableOf } from './table.ts'

const aRecording = (more: Partial<Recording> = {}): Recording => ({
  name: 'test',
  about: 'A & B <c>',
  source: 'made',
  stepSeconds: 10,
  arrivalsPerSecond: Array.from({ length: 30 }, () => 100),
  partitions: 4,
  drainPerReplica: 50,
  startSeconds: 0,
  rebalanceSeconds: 0,
  replicasAtStart: 2,
  scaler: {
    target: { name: 'test' },
    replicas: { min: 1, max: 4 },
    signals: [{ name: 'lag', kafkaLag: { group: 'g', topics: ['t'] } }]
  },
  ...more
})
const fixed = (replicas: number): ScalingPolicy => ({ name: 'fixed', everySeconds: 5, decide: () => replicas })

describe('the backlog model', () => {
  test('enough replicas leave nothing behind, and cost their seconds', () => {
    expect(simulate(aRecording(), fixed(2))).toMatchObject({ waitMaxSeconds: 0, replicaSeconds: 600, changes: 0 })
  })

  test('half of the replicas needed leave half of the messages behind', () => {
    const { lag, changes } = simulate(aRecording(), fixed(1))
    // In the first second two replicas were still there.
    expect(lag.at(-1)).toBe(299 * 50)
    expect(changes).toBe(1)
  })

  test('more replicas than partitions do no more', () => {
    const busy = aRecording({ arrivalsPerSecond: [400, 400, 400] })
    expect(simulate(busy, fixed(8)).lag).toEqual(simulate(busy, fixed(4)).lag)
  })

  test('a replica that starts, and a group that rebalances, consume nothing', () => {
    const slow = simulate(aRecording({ replicasAtStart: 0, startSeconds: 20, rebalanceSeconds: 5 }), fixed(4))
    expect(slow.lag[24]).toBe(2500)
    expect(slow.lag[26]).toBeLessThan(2500)
  })

  test('a stalled partition keeps its messages, and counts for no wait', () => {
    const stalled = simulate(aRecording({ stalled: [{ partition: 1, fromSecond: 0, toSecond: 300 }] }), fixed(4))
    expect(stalled.lag.at(-1)).toBe(7500)
    expect(stalled.waitMaxSeconds).toBe(0)
  })
})

describe.each(
  readdirSync(join(import.meta.dirname, '..', '..', 'recordings')).filter((file) => file.endsWith('.json'))
)('the recording %s', (file) => {
  const recording = readRecording(join(import.meta.dirname, '..', '..', 'recordings', file))
  const outcomes = [gavelPolicy, kedaLikePolicy, hpaLikePolicy].map((policy) => simulate(recording, policy(recording)))

  test('replays the same each time, within the limits of its Scaler', () => {
    const again = simulate(recording, gavelPolicy(recording))
    expect(again).toEqual(outcomes[0])
    expect(Math.max(...again.replicas)).toBeLessThanOrEqual(recording.scaler.replicas.max)
    expect(Math.min(...again.replicas)).toBeGreaterThanOrEqual(recording.scaler.replicas.min)
  })

  test('keeps messages waiting no longer than the others, at the 95th percentile', () => {
    const [gavel, ...others] = outcomes.map(({ waitP95Seconds }) => waitP95Seconds)
    expect(gavel).toBeLessThanOrEqual(Math.min(...others))
  })

  test('is told as a table and drawn as one well-formed picture', () => {
    expect(tableOf(outcomes).split('\n')).toHaveLength(5)
    const svg = svgOf(recording, outcomes)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(svg.match(/<path /g)?.length).toBe(2 + 3 * 3)
  })
})
