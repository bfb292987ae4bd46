import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyGroupMemory,
  judgeGroup,
  type GroupJudgement,
  type GroupMember,
  type GroupSample
} from './consumer-group.ts'

const criteria = { group: 'readers', membersMin: 2, lagMax: 100, stuckMs: 10_000 }
const alice: GroupMember = { name: 'alice@10.0.0.1', partitions: ['letters/0'] }
const bob: GroupMember = { name: 'bob@10.0.0.2', partitions: ['letters/1'] }
const aSample = (more: Partial<GroupSample> = {}): GroupSample => ({
  atMs: 0,
  members: [alice, bob],
  partitions: [
    { key: 'letters/0', committed: 5, start: 0, end: 5 },
    { key: 'letters/1', committed: 7, start: 0, end: 7 }
  ],
  missingTopics: [],
  ...more
})
const follow = (samples: GroupSample[], asked = criteria): GroupJudgement =>
  samples.reduce<GroupJudgement>(
    ({ memory }, sample) => judgeGroup(asked, memory, sample),
    judgeGroup(asked, emptyGroupMemory, samples[0] as GroupSample)
  )
const one = (committed: number | undefined, end: number, start = 0) => [{ key: 'letters/0', committed, start, end }]

describe('members', () => {
  test('enough members that have read everything pass', () => {
    expect(follow([aSample()]).finding.outcome).toBe('Passing')
  })

  test('a member that is gone is named with what it read', () => {
    const { finding } = follow([aSample(), aSample({ members: [alice] })])
    expect(finding).toMatchObject({
      outcome: 'Failing',
      message: 'group readers: 1 of 2 members, missing bob@10.0.0.2 (read letters/1)'
    })
  })

  test('it stays named while the others take over its partitions, and is forgotten when the group is complete again', () => {
    const alone = { ...alice, partitions: ['letters/0', 'letters/1'] }
    const gone = follow([
      aSample(),
      aSample({ members: [{ ...alice, partitions: [] }] }),
      aSample({ members: [alone] })
    ])
    expect(gone.finding.message).toContain('missing bob@10.0.0.2 (read letters/1)')
    const carol = { name: 'carol@10.0.0.3', partitions: ['letters/1'] }
    const back = judgeGroup(criteria, gone.memory, aSample({ members: [alice, carol] }))
    expect(back.finding.outcome).toBe('Passing')
    expect(back.memory.roster).toEqual([alice, carol])
  })

  test('of two members with the same name one can be missing', () => {
    const twin = { name: 'alice@10.0.0.1', partitions: ['letters/1'] }
    const { finding } = follow([aSample({ members: [alice, twin] }), aSample({ members: [alice] })])
    expect(finding.message).toContain('missing alice@10.0.0.1')
  })

  test('too few from the start has nobody to name', () => {
    expect(follow([aSample({ members: [] })]).finding.message).toBe('group readers: 0 of 2 members')
  })

  test('more than five culprits are counted', () => {
    const members = Array.from({ length: 8 }, (_, index) => ({ name: `m${index}`, partitions: [] }))
    const { finding } = follow([aSample({ members }), aSample({ members: [] })])
    expect(finding.message).toMatch(/missing m0, m1, m2, m3, m4 and 3 more$/)
  })
})

describe('partitions', () => {
  const at = (atMs: number, partitions: GroupSample['partitions']) => aSample({ atMs, partitions })

  test.each<[string, GroupSample[], boolean]>([
    ['stands still for the whole time', [at(0, one(5, 9)), at(10_000, one(5, 9))], true],
    ['has not stood still for long enough', [at(0, one(5, 9)), at(9_999, one(5, 9))], false],
    ['moved once in between', [at(0, one(5, 9)), at(5_000, one(6, 9)), at(12_000, one(6, 9))], false],
    ['has nothing to read', [at(0, one(9, 9)), at(60_000, one(9, 9))], false],
    ['had nothing to read until just now', [at(0, one(9, 9)), at(55_000, one(9, 9)), at(60_000, one(9, 12))], false],
    [
      'never committed, and messages came',
      [at(0, one(undefined, 9)), at(1, one(undefined, 10)), at(20_000, one(undefined, 11))],
      true
    ],
    ['never committed, and nothing came', [at(0, one(undefined, 9)), at(20_000, one(undefined, 9))], false],
    ['was passed by retention, which is no reading', [at(0, one(5, 9)), at(10_000, one(5, 9, 9))], false]
  ])('a partition that %s', (_what, samples, stuck) => {
    const { finding } = follow(samples)
    expect(finding.outcome).toBe(stuck ? 'Failing' : 'Passing')
    if (stuck) expect(finding.message).toMatch(/stuck: letters\/0 at \d+ of \d+ for \d+ s, read by alice@10\.0\.0\.1/)
  })

  test('what is remembered from before a change of leader goes on counting', () => {
    const memory = { roster: [alice, bob], standings: new Map([['letters/0', { position: 5, sinceMs: 1_000 }]]) }
    expect(judgeGroup(criteria, memory, at(11_000, one(5, 9))).finding.outcome).toBe('Failing')
  })

  test('a group too far behind says where most of it is', () => {
    const partitions = [...one(5, 205), { key: 'letters/1', committed: 0, start: 0, end: 1 }]
    expect(follow([aSample({ partitions })]).finding.message).toBe(
      'group readers: 201 messages behind, more than 100; most in letters/0 (200)'
    )
  })

  test('a topic that does not exist is named', () => {
    expect(follow([aSample({ missingTopics: ['parcels'] })]).finding.message).toContain('topic parcels does not exist')
  })

  test('figures that move are no new cause', () => {
    const early = follow([at(0, one(5, 9)), at(10_000, one(5, 9))])
    const later = judgeGroup(criteria, early.memory, at(30_000, one(5, 90)))
    expect(later.finding.cause).toBe(early.finding.cause)
    expect(later.finding.message).not.toBe(early.finding.message)
  })
})

describe('always', () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 20_000 }),
      read: fc.integer({ min: 0, max: 5 }),
      sent: fc.integer({ min: 0, max: 5 })
    }),
    { minLength: 1, maxLength: 40 }
  )
  const free = { group: 'readers', membersMin: 1, stuckMs: 10_000 }

  test('a partition is stuck exactly when it stood at one place with messages left for the time given', () => {
    fc.assert(
      fc.property(steps, (moves) => {
        let [atMs, committed, end, memory] = [0, 0, 0, emptyGroupMemory]
        let stoodSince = 0
        for (const { afterMs, read, sent } of moves) {
          const wasBehind = end > committed
          atMs += afterMs
          end += sent
          const next = Math.min(end, committed + read)
          // Between two samples nothing is seen: the clock starts at the sample that first shows it standing with messages left.
          if (next !== committed || !wasBehind) stoodSince = next !== committed || end === next ? atMs : stoodSince
          committed = next
          if (end === committed) stoodSince = atMs
          const judged = judgeGroup(free, memory, aSample({ atMs, partitions: one(committed, end) }))
          memory = judged.memory
          if (end === committed) expect(judged.stuck).toEqual([])
          expect(judged.finding.outcome === 'Failing').toBe(judged.stuck.length > 0)
          if (judged.stuck.length > 0) expect(atMs - stoodSince).toBeGreaterThanOrEqual(10_000)
        }
      })
    )
  })
})
