import { assert, property, shuffledSubarray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AuctionFact, ProductFact } from './facts.ts'
import { foldAuction, foldProduct, type Item, type ReadAuction } from './read-side.ts'

const fields = (title: string) => ({ title, description: '', brand: '', category: '' })
const described = (title: string, at: number, version?: number): ProductFact => ({
  productId: 'p',
  removed: false,
  fields: fields(title),
  version,
  at
})
const unknownItem: Item = {
  productId: 'p',
  fields: null,
  version: null,
  listedAtMs: null,
  changedAtMs: null,
  removed: false
}
const unknownAuction: ReadAuction = {
  auctionId: 'a',
  productId: null,
  terms: null,
  sequence: -1,
  standing: null,
  end: null,
  closed: false
}

/** All of them in any order, and some of them twice. */
const anyOrder = <Fact>(facts: Fact[]) => shuffledSubarray([...facts, ...facts], { minLength: facts.length })
const complete = <Fact>(facts: Fact[], told: Fact[]): boolean => facts.every((fact) => told.includes(fact))

describe('an item', () => {
  test('is the same whatever order its changes come in, even within one millisecond', () => {
    const facts = [
      described('first', 5, 1),
      described('second', 5, 2),
      { productId: 'p', removed: true, version: 3, at: 5 } satisfies ProductFact
    ]
    const expected = facts.reduce(foldProduct, unknownItem)
    expect(expected).toMatchObject({ fields: fields('second'), version: 3, listedAtMs: 5, removed: true })
    assert(
      property(anyOrder(facts), (told) => {
        if (!complete(facts, told)) return
        const { version, removed, listedAtMs } = told.reduce(foldProduct, unknownItem)
        expect({ version, removed, listedAtMs }).toEqual({ version: 3, removed: true, listedAtMs: 5 })
      })
    )
  })

  test('goes by time where no versions were told, and by version once they are', () => {
    const old = [described('first', 1), described('second', 2)]
    expect(old.reduce(foldProduct, unknownItem).fields).toEqual(fields('second'))
    expect(old.toReversed().reduce(foldProduct, unknownItem).fields).toEqual(fields('second'))
    const mixed = [...old, described('third', 3, 3)]
    expect(mixed.reduce(foldProduct, unknownItem)).toMatchObject({ fields: fields('third'), version: 3, listedAtMs: 1 })
    expect(mixed.toReversed().reduce(foldProduct, unknownItem)).toMatchObject({
      fields: fields('third'),
      listedAtMs: 1
    })
  })
})

test('an auction is the same whatever order its opening, its bids and its end come in', () => {
  const standing = (sequence: number, priceMinor: number): AuctionFact => ({
    auctionId: 'a',
    kind: 'standing',
    sequence,
    priceMinor,
    priceToBeatMinor: priceMinor + 1,
    bidCount: sequence,
    quantityLeft: 1,
    endsAtMs: 100 + sequence
  })
  const facts: AuctionFact[] = [
    {
      auctionId: 'a',
      kind: 'opened',
      productId: 'p',
      mode: 'english',
      currency: 'USD',
      openingPriceMinor: 5,
      quantity: 1,
      startsAtMs: 0,
      endsAtMs: 100
    },
    standing(1, 10),
    standing(2, 20),
    { auctionId: 'a', kind: 'extended', sequence: 3, endsAtMs: 500 },
    { auctionId: 'a', kind: 'closed', productId: 'p' }
  ]
  const expected = facts.reduce(foldAuction, unknownAuction)
  expect(expected).toMatchObject({
    sequence: 2,
    standing: { priceMinor: 20 },
    end: { sequence: 3, endsAtMs: 500 },
    closed: true
  })
  assert(
    property(anyOrder(facts), (told) => {
      if (complete(facts, told)) expect(told.reduce(foldAuction, unknownAuction)).toEqual(expected)
    })
  )
})
