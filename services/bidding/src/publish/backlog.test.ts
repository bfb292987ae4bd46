import { describe, expect, test } from 'vitest'
import { draftOpening } from '../ledger/entry.ts'
import { someTerms } from '../domain/sample.ts'
import { Backlog, type FreshEntry } from './backlog.ts'

const entry = (sequence: number, bytes = 10, auctionId = 'a'): FreshEntry => {
  const terms = someTerms({ auctionId })
  const draft = draftOpening(terms, 1, 'key')
  return { terms, document: draft.document, entry: { ...draft.entry, sequence }, bytes }
}
const sequences = (taken: FreshEntry[] | undefined) => taken?.map((fresh) => fresh.entry.sequence)

describe('the backlog', () => {
  test('gives entries without a gap, up to the bytes asked for', () => {
    const backlog = new Backlog(1000)
    for (const sequence of [3, 4, 5, 6]) backlog.add(entry(sequence))
    expect(sequences(backlog.take('a', 3, 25))).toEqual([3, 4, 5])
    expect(sequences(backlog.take('a', 5, 1000))).toEqual([5, 6])
    expect(backlog.take('a', 2, 1000)).toBeUndefined()
    expect(backlog.take('a', 7, 1000)).toBeUndefined()
    expect(backlog.take('b', 3, 1000)).toBeUndefined()
  })

  test('forgets what came before a gap: the ledger has it', () => {
    const backlog = new Backlog(1000)
    for (const sequence of [3, 4, 7]) backlog.add(entry(sequence))
    expect(backlog.take('a', 3, 1000)).toBeUndefined()
    expect(sequences(backlog.take('a', 7, 1000))).toEqual([7])
  })

  test('its bytes are bounded, and what is published makes room', () => {
    const backlog = new Backlog(30)
    for (const sequence of [0, 1, 2]) backlog.add(entry(sequence))
    backlog.add(entry(0, 10, 'b'))
    expect(backlog.take('b', 0, 1000)).toBeUndefined()
    backlog.drop('a', 1)
    backlog.add(entry(1, 10, 'b'))
    backlog.add(entry(2, 10, 'b'))
    expect(sequences(backlog.take('b', 1, 1000))).toEqual([1, 2])
    backlog.add(entry(3))
    expect(backlog.take('a', 2, 1000)).toBeUndefined()
    backlog.drop('b', 2)
    backlog.add(entry(4))
    expect(sequences(backlog.take('a', 4, 1000))).toEqual([4])
  })
})
