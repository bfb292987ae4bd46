import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOf } from '../../kube/apply.ts'
import { planTopic, type ObservedTopic, type Operation } from './plan.ts'
import { approveAnnotation, type KafkaTopicResource, type KafkaTopicSpec } from './types.ts'

const aTopic = (
  spec: Partial<KafkaTopicSpec> = {},
  more: Partial<KafkaTopicResource> & { annotations?: Record<string, string>; deleted?: boolean } = {}
): KafkaTopicResource => ({
  metadata: {
    name: 'bids',
    namespace: 'gavel',
    uid: 'uid-1',
    ...(more.annotations ? { annotations: more.annotations } : {}),
    ...(more.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {})
  },
  spec: { partitions: 6, ...spec },
  ...(more.status ? { status: more.status } : {})
})
const observed = (more: Partial<ObservedTopic> = {}): ObservedTopic => ({
  partitions: 6,
  replicas: 1,
  config: {},
  messages: 10,
  activeGroups: [],
  ...more
})
const plan = (
  resource: KafkaTopicResource,
  seen?: ObservedTopic,
  more: { owner?: string; configAllowList?: string[] } = {}
) => planTopic(resource, { observed: seen, hashOf, ...more })
const types = (steps: { operation: Operation }[]) => steps.map(({ operation }) => operation.type)
const readyReason = (result: ReturnType<typeof plan>) => result.conditions.find(({ type }) => type === 'Ready')?.reason

describe('the plan of a topic', () => {
  test('a missing topic is created with its config', () => {
    const { steps } = plan(aTopic({ config: { 'retention.ms': '1000', 'segment.ms': null } }))
    expect(steps[0]?.operation).toEqual({
      type: 'CreateTopic',
      topic: 'bids',
      partitions: 6,
      replicas: undefined,
      config: { 'retention.ms': '1000' }
    })
  })

  test('a topic as asked needs nothing', () => {
    const result = plan(
      aTopic({ config: { 'retention.ms': '1000' } }),
      observed({ config: { 'retention.ms': { value: '1000', own: true } } })
    )
    expect([result.steps, result.waiting, readyReason(result)]).toEqual([[], undefined, 'Reconciled'])
  })

  test('drift of a managed key is reverted, a key with null or not listed is left alone', () => {
    const config = {
      'retention.ms': { value: '5', own: true },
      'segment.ms': { value: '7', own: true },
      'max.message.bytes': { value: '9', own: true }
    }
    const { steps } = plan(aTopic({ config: { 'retention.ms': '1000', 'segment.ms': null } }), observed({ config }))
    expect(steps.map(({ operation }) => operation)).toEqual([
      { type: 'SetConfig', topic: 'bids', set: { 'retention.ms': '1000' }, unset: [] }
    ])
  })

  test('a key taken out of the spec goes back to the default, if this resource had set it', () => {
    const config = { 'segment.ms': { value: '7', own: true }, 'retention.ms': { value: '8', own: true } }
    const { steps } = plan(aTopic({}, { status: { managedConfig: ['segment.ms'] } }), observed({ config }))
    expect(steps.map(({ operation }) => operation)).toEqual([
      { type: 'SetConfig', topic: 'bids', set: {}, unset: ['segment.ms'] }
    ])
  })

  test('growing a keyed topic with messages waits for the approval of its hash', () => {
    const waiting = plan(aTopic({ partitions: 12 }), observed())
    expect([types(waiting.steps), readyReason(waiting)]).toEqual([[], 'ApprovalNeeded'])
    const hash = waiting.waiting?.hash ?? ''
    expect(
      types(plan(aTopic({ partitions: 12 }, { annotations: { [approveAnnotation]: hash } }), observed()).steps)
    ).toEqual(['AddPartitions'])
    expect(
      types(plan(aTopic({ partitions: 24 }, { annotations: { [approveAnnotation]: hash } }), observed()).steps)
    ).toEqual([])
  })

  test.each([
    ['an empty topic', {}, { messages: 0 }],
    ['a topic without keys', { keyed: false }, {}],
    ['changePolicy Apply', { changePolicy: 'Apply' as const }, {}]
  ])('growing needs no approval for %s', (_name, spec, seen) => {
    expect(types(plan(aTopic({ partitions: 12, ...spec }), observed(seen)).steps)).toEqual(['AddPartitions'])
  })

  test.each([
    ['retention.ms', '1000', '500', true],
    ['retention.ms', '-1', '500', true],
    ['retention.ms', '1000', '-1', false],
    ['retention.ms', '1000', '2000', false],
    ['retention.bytes', '1000', '10', true],
    ['cleanup.policy', 'delete', 'compact', true],
    ['min.insync.replicas', '2', '1', true],
    ['min.insync.replicas', '1', '2', false],
    ['max.message.bytes', '1000', '10', false]
  ])('%s from %s to %s waits: %s', (key, before, after, waits) => {
    const result = plan(
      aTopic({ config: { [key]: after } }),
      observed({ config: { [key]: { value: before, own: true } } })
    )
    expect(result.waiting !== undefined).toBe(waits)
    expect(result.steps.length).toBe(waits ? 0 : 1)
  })

  test('the harmless part of a change does not wait for the dangerous part', () => {
    const config = { 'retention.ms': { value: '1000', own: true }, 'max.message.bytes': { value: '1', own: false } }
    const result = plan(aTopic({ config: { 'retention.ms': '5', 'max.message.bytes': '2' } }), observed({ config }))
    expect(result.steps.map(({ operation }) => operation)).toEqual([
      { type: 'SetConfig', topic: 'bids', set: { 'max.message.bytes': '2' }, unset: [] }
    ])
    expect(result.waiting?.steps.map(({ operation }) => operation)).toEqual([
      { type: 'SetConfig', topic: 'bids', set: { 'retention.ms': '5' }, unset: [] }
    ])
  })

  test.each([
    ['fewer partitions', { partitions: 3 }, {}, 'NotSupported'],
    ['another replication factor', { replicas: 3 }, {}, 'NotSupported'],
    ['a throttle key', { config: { 'leader.replication.throttled.replicas': '*' } }, {}, 'NotSupported'],
    [
      'a key outside the allow-list',
      { config: { 'segment.ms': '1' } },
      { configAllowList: ['retention.ms'] },
      'NotSupported'
    ],
    ['another owner', {}, { owner: 'gavel/older' }, 'ResourceConflict']
  ])('%s is refused with its reason and changes nothing', (_name, spec, more, reason) => {
    const result = plan(aTopic(spec), observed(), more)
    expect([result.steps, result.waiting, readyReason(result)]).toEqual([[], undefined, reason])
  })

  test('a paused resource changes nothing', () => {
    expect(plan(aTopic({ paused: true, partitions: 60 }), observed()).steps).toEqual([])
  })

  describe('deletion', () => {
    test.each([
      ['Retain leaves the topic', { deletionPolicy: 'Retain' as const }, observed(), {}, [], true],
      [
        'Delete takes an idle, empty topic',
        { deletionPolicy: 'Delete' as const },
        observed({ messages: 0 }),
        {},
        ['DeleteTopic'],
        true
      ],
      ['Delete of a topic with messages waits', { deletionPolicy: 'Delete' as const }, observed(), {}, [], false],
      [
        'Delete of a topic with members waits',
        { deletionPolicy: 'Delete' as const },
        observed({ messages: 0, activeGroups: ['g'] }),
        {},
        [],
        false
      ],
      ['a topic already gone is let go', { deletionPolicy: 'Delete' as const }, undefined, {}, [], true],
      [
        'a resource that lost the conflict takes nothing',
        { deletionPolicy: 'Delete' as const },
        observed({ messages: 0 }),
        { owner: 'x/y' },
        [],
        true
      ],
      [
        'paused does not hold deletion up',
        { deletionPolicy: 'Delete' as const, paused: true },
        observed({ messages: 0 }),
        {},
        ['DeleteTopic'],
        true
      ]
    ])('%s', (_name, spec, seen, more, expected, release) => {
      const result = plan(aTopic(spec, { deleted: true }), seen, more)
      expect([types(result.steps), result.release]).toEqual([expected, release])
    })

    test('the approved hash of a deletion stays valid while messages arrive', () => {
      const hash =
        plan(aTopic({ deletionPolicy: 'Delete' }, { deleted: true }), observed({ messages: 1 })).waiting?.hash ?? ''
      const later = plan(
        aTopic({ deletionPolicy: 'Delete' }, { deleted: true, annotations: { [approveAnnotation]: hash } }),
        observed({ messages: 99 })
      )
      expect([types(later.steps), later.release]).toEqual([['DeleteTopic'], true])
    })
  })

  /** Carries out steps on a model of Kafka. */
  const carryOut = (seen: ObservedTopic | undefined, steps: { operation: Operation }[]): ObservedTopic | undefined =>
    steps.reduce<ObservedTopic | undefined>((topic, { operation }) => {
      switch (operation.type) {
        case 'CreateTopic':
          return observed({
            partitions: operation.partitions,
            messages: 0,
            config: Object.fromEntries(
              Object.entries(operation.config).map(([key, value]) => [key, { value, own: true }])
            )
          })
        case 'AddPartitions':
          return topic && { ...topic, partitions: operation.total }
        case 'SetConfig': {
          if (!topic) return topic
          const config = { ...topic.config }
          for (const key of operation.unset) delete config[key]
          for (const [key, value] of Object.entries(operation.set)) config[key] = { value, own: true }
          return { ...topic, config }
        }
        case 'DeleteTopic':
          return undefined
        default:
          return operation satisfies never
      }
    }, seen)

  const keys = fc.constantFrom('retention.ms', 'max.message.bytes', 'segment.ms')
  const spec = fc.record({
    partitions: fc.integer({ min: 1, max: 12 }),
    config: fc.dictionary(keys, fc.option(fc.integer({ min: 1, max: 9 }).map(String))),
    changePolicy: fc.constantFrom('Plan' as const, 'Apply' as const),
    keyed: fc.boolean()
  })
  const world = fc.option(
    fc.record({
      partitions: fc.integer({ min: 1, max: 12 }),
      replicas: fc.constant(1),
      messages: fc.constantFrom(0, 5),
      activeGroups: fc.constant([] as string[]),
      config: fc.dictionary(
        keys,
        fc.record({ value: fc.integer({ min: 1, max: 9 }).map(String), own: fc.constant(true) })
      )
    }),
    { nil: undefined }
  )

  test('from any state, one pass converges: the second plan has no step, and no unapproved danger is ever done', () => {
    fc.assert(
      fc.property(spec, world, fc.array(keys), (wanted, start, managed) => {
        const first = plan(aTopic(wanted, { status: { managedConfig: managed } }), start)
        if (wanted.changePolicy === 'Plan') expect(first.steps.every(({ danger }) => danger === undefined)).toBe(true)
        expect(first.steps.some(({ operation }) => operation.type === 'DeleteTopic')).toBe(false)
        const after = carryOut(start, first.steps)
        const second = plan(aTopic(wanted, { status: { managedConfig: first.managedConfig } }), after)
        expect(second.steps).toEqual([])
        expect(second.waiting?.hash).toBe(first.waiting?.hash)
      }),
      { numRuns: 2000 }
    )
  })
})
