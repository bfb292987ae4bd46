import type { GroupSample } from '@gavel/platform/probes/consumer-group.ts'
import { expect, test } from 'vitest'
import { Board, CHANGES_MAX, overall } from './board.ts'

const criteria = { group: 'order.payments', membersMin: 1, stuckMs: 10_000 }
const aBoard = (): Board => new Board({ services: ['order'], groups: ['order.payments'] }, 0)
const readiness = (is: boolean, checkedAt: number) => ({
  status: 'ready' as const,
  checkedAt,
  services: {
    order: is
      ? { status: 'ready' as const, parts: {} }
      : {
          status: 'unreachable' as const,
          parts: { process: { status: 'down' as const, error: 'ECONNREFUSED' } }
        }
  }
})
const sample = (atMs: number, over: Partial<GroupSample> = {}): GroupSample => ({
  atMs,
  members: [{ name: 'order@host', partitions: ['payments/0'] }],
  partitions: [{ key: 'payments/0', committed: 3, start: 0, end: 5 }],
  missingTopics: [],
  ...over
})
const entry = (board: Board, name: string) => board.view().find((each) => each.name === name)

test('before anything was asked nothing is known, and nothing is told to the history', () => {
  expect(aBoard().view()).toMatchObject([
    { name: 'order', status: 'unknown' },
    { name: 'order.payments', status: 'unknown' }
  ])
  expect(aBoard().unrecorded()).toEqual([])
})

test('a service that cannot be reached is down with the culprit, since it was found so', () => {
  const board = aBoard()
  board.takeReadiness(readiness(true, 1))
  board.takeReadiness(readiness(false, 2))
  board.takeReadiness(readiness(false, 3))
  expect(entry(board, 'order')).toEqual({
    kind: 'service',
    name: 'order',
    status: 'down',
    since: 2,
    checkedAt: 3,
    message: 'order is unreachable: process (ECONNREFUSED)'
  })
})

test('a group that lost its member is down at the first look, and its lag is told', () => {
  const board = aBoard()
  board.takeGroup(criteria, sample(1))
  expect(entry(board, 'order.payments')).toMatchObject({ status: 'up', lag: 2 })
  board.takeGroup(criteria, sample(2, { members: [] }))
  expect(entry(board, 'order.payments')).toMatchObject({ status: 'down', since: 2, members: [] })
  expect(entry(board, 'order.payments')?.message).toContain('missing order@host (read payments/0)')
})

test('one round that could not ask changes nothing, three make it unknown, and nobody is stuck for that time', () => {
  const board = aBoard()
  board.takeGroup(criteria, sample(0))
  for (const at of [1, 2]) board.groupsUnasked('KafkaJSConnectionError', at)
  expect(entry(board, 'order.payments')?.status).toBe('up')
  board.groupsUnasked('KafkaJSConnectionError', 3)
  expect(entry(board, 'order.payments')).toMatchObject({
    status: 'unknown',
    checkedAt: 0,
    message: 'Kafka cannot be asked: KafkaJSConnectionError'
  })
  board.takeGroup(criteria, sample(60_000))
  expect(entry(board, 'order.payments')?.status).toBe('up')
})

test('changes stay until they are recorded, in order, before what holds now', () => {
  const board = aBoard()
  for (const at of [1, 2, 3]) board.takeReadiness(readiness(at % 2 === 1, at))
  const told = board.unrecorded()
  expect(told.map(({ status, at }) => [status, at])).toEqual([
    ['up', 1],
    ['down', 2],
    ['up', 3],
    ['up', 3]
  ])
  board.takeReadiness(readiness(false, 4))
  board.recorded(told)
  expect(board.unrecorded().map(({ at }) => at)).toEqual([4, 4])
})

test('what waits for the history is bounded', () => {
  const board = aBoard()
  for (let at = 1; at <= CHANGES_MAX + 50; at += 1) board.takeReadiness(readiness(at % 2 === 1, at))
  expect(board.unrecorded()).toHaveLength(CHANGES_MAX + 1)
})

test('since is the history’s where it has the same status, and ours where it has not', () => {
  const board = aBoard()
  board.takeReadiness(readiness(false, 100))
  board.learn(new Map([['order', { status: 'down', since: 7 }]]))
  expect(entry(board, 'order')?.since).toBe(7)
  board.learn(new Map([['order', { status: 'up', since: 7 }]]))
  expect(entry(board, 'order')?.since).toBe(100)
})

test.each([
  [['up', 'up'], 'up'],
  [['up', 'unknown'], 'unknown'],
  [['unknown', 'down'], 'down']
] as const)('%s are %s', (statuses, expected) => {
  expect(overall(statuses.map((status) => ({ status })))).toBe(expected)
})
