import { describe, expect, test } from 'vitest'
import { TopicIndex } from './topic-index.ts'
import type { KafkaTopicResource } from './types.ts'

const aResource = (name: string, uid: string, createdAt: string, reason?: string): KafkaTopicResource => ({
  metadata: { name, namespace: 'gavel', uid, creationTimestamp: createdAt },
  spec: { partitions: 1, topicName: 'bids' },
  ...(reason === undefined
    ? {}
    : {
        status: {
          conditions: [
            { type: 'Ready', status: 'True', reason, message: '', lastTransitionTime: createdAt, observedGeneration: 1 }
          ]
        }
      })
})
const ownerOf = (resource: KafkaTopicResource, ...all: KafkaTopicResource[]): string | undefined => {
  const index = new TopicIndex()
  for (const each of all) index.put(each)
  return index.olderOwner(resource)
}

describe('who owns a topic', () => {
  const first = '2026-01-01T00:00:00Z'
  const later = '2026-01-01T00:00:01Z'

  test('the oldest, whatever its state', () => {
    const old = aResource('old', 'z', first)
    const young = aResource('young', 'a', later, 'Reconciled')
    expect([ownerOf(old, old, young), ownerOf(young, old, young)]).toEqual([undefined, 'gavel/old'])
  })

  test('of two made in the same second, the one that manages it already', () => {
    const managing = aResource('managing', 'z', first, 'Reconciled')
    const newcomer = aResource('newcomer', 'a', first)
    expect([ownerOf(managing, managing, newcomer), ownerOf(newcomer, managing, newcomer)]).toEqual([
      undefined,
      'gavel/managing'
    ])
  })

  test('of two made in the same second that are both new, the smaller uid', () => {
    const one = aResource('one', 'a', first)
    const other = aResource('other', 'b', first)
    expect([ownerOf(one, one, other), ownerOf(other, one, other)]).toEqual([undefined, 'gavel/one'])
  })

  test('one that lost before does not win by its old state', () => {
    const loser = aResource('loser', 'a', first, 'ResourceConflict')
    const managing = aResource('managing', 'b', first, 'Reconciled')
    expect(ownerOf(managing, loser, managing)).toBeUndefined()
  })
})
