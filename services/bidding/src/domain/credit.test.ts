import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bind,
  emptyAccount,
  heldMinor,
  letGo,
  placeOf,
  reserve,
  saleEnded,
  sold,
  unbind,
  type Account,
  type Pending
} from './credit.ts'

const pending = (changes: Partial<Pending> = {}): Pending => ({
  auctionId: 'a1',
  token: 't1',
  amountMinor: 60,
  kind: 'lot',
  madeAt: 0,
  until: 100,
  ...changes
})

describe('an account', () => {
  test('holds the highest of what is bound and what is on its way in an auction, and the sum over auctions', () => {
    let account = bind(emptyAccount(), { auctionId: 'a1', amountMinor: 50, place: placeOf(1) })
    account = reserve(account, pending(), 100) ?? account
    expect(heldMinor(account)).toBe(60)
    expect(reserve(account, pending({ auctionId: 'a2', token: 't2', amountMinor: 41 }), 100)).toBeNull()
    account = reserve(account, pending({ auctionId: 'a2', token: 't2', amountMinor: 40 }), 100) ?? account
    expect(heldMinor(account)).toBe(100)
    expect(heldMinor(letGo(account, 't1'))).toBe(90)
  })

  test('pieces come on top of each other', () => {
    const first = reserve(emptyAccount(), pending({ kind: 'pieces', amountMinor: 60 }), 100)
    expect(first && reserve(first, pending({ kind: 'pieces', token: 't2', amountMinor: 60 }), 100)).toBeNull()
  })

  test('an admin’s limit counts before the default, and none is none', () => {
    expect(reserve({ ...emptyAccount(), limitMinor: 59 }, pending(), null)).toBeNull()
    expect(reserve({ ...emptyAccount(), limitMinor: null }, pending(), 0)).not.toBeNull()
    expect(reserve(emptyAccount(), pending(), null)).not.toBeNull()
  })

  test('older news of a ledger never overwrite newer ones', () => {
    const newer = bind(emptyAccount(), { auctionId: 'a1', amountMinor: 0, place: placeOf(5) })
    expect(bind(newer, { auctionId: 'a1', amountMinor: 70, place: placeOf(4) })).toBe(newer)
    expect(heldMinor(bind(newer, { auctionId: 'a1', amountMinor: 70, place: placeOf(6) }))).toBe(70)
  })

  test('a sale that ended before it was held is never held', () => {
    expect(heldMinor(sold(saleEnded(emptyAccount(), 'a1.1', 5), 'a1.1', 70))).toBe(0)
    const held = sold(emptyAccount(), 'a1.1', 70)
    expect(sold(held, 'a1.1', 70)).toBe(held)
    expect(heldMinor(saleEnded(held, 'a1.1', 5))).toBe(0)
  })
})

/**
 * Two processes, three auctions, two bidders with a limit. What a process knows is noted in the accounts late, in its own
 * order only, or, when it dies, never; a bid that was reserved for may reach its ledger at any time before it expires.
 */
const LIMIT = 100
const auctions = ['a1', 'a2', 'a3'] as const
const bidders = ['u', 'v'] as const
type Note = { who: string; change: (account: Account) => Account }

interface Standing {
  leader: string | null
  maximum: number
  sequence: number
  isClosed: boolean
}

class World {
  readonly accounts = new Map<string, Account>(bidders.map((who) => [who, emptyAccount()]))
  readonly ledgers = new Map<string, Standing>(
    auctions.map((id) => [id, { leader: null, maximum: 0, sequence: 0, isClosed: false }])
  )
  readonly unpaid = new Map<string, { who: string; amount: number }>()
  readonly #notes: [Note[], Note[]] = [[], []]
  readonly #onTheirWay: [Pending & { who: string }][][] = [[], []]
  #tokens = 0

  #change(who: string, change: Note['change']): void {
    this.accounts.set(who, change(this.accounts.get(who) ?? emptyAccount()))
  }

  bid(at: 0 | 1, who: string, auctionId: string, amountMinor: number): void {
    const one = { ...pending({ auctionId, token: `t${(this.#tokens += 1)}`, amountMinor }), who }
    const reserved = reserve(this.accounts.get(who) ?? emptyAccount(), one, LIMIT)
    if (!reserved) return
    this.accounts.set(who, reserved)
    this.#onTheirWay[at]?.push([one])
  }

  arrive(at: 0 | 1): void {
    const [one] = this.#onTheirWay[at]?.shift() ?? []
    if (!one) return
    this.#land(one, this.#notes[at])
    this.#notes[at].push({ who: one.who, change: (account) => letGo(account, one.token) })
  }

  #land({ who, auctionId, amountMinor }: Pending & { who: string }, notes: Note[]): void {
    const ledger = this.ledgers.get(auctionId)
    if (!ledger || ledger.isClosed || amountMinor <= ledger.maximum) return
    const before = ledger.leader
    ledger.sequence += 1
    Object.assign(ledger, { leader: who, maximum: amountMinor })
    const place = placeOf(ledger.sequence)
    notes.push({ who, change: (account) => bind(account, { auctionId, amountMinor, place }) })
    if (before !== null && before !== who)
      notes.push({ who: before, change: (account) => bind(account, { auctionId, amountMinor: 0, place }) })
  }

  close(at: 0 | 1, auctionId: string): void {
    const ledger = this.ledgers.get(auctionId)
    if (!ledger || ledger.isClosed) return
    ledger.isClosed = true
    const { leader, maximum } = ledger
    if (leader !== null) this.unpaid.set(`${auctionId}.1`, { who: leader, amount: maximum })
    this.#notes[at].push(...this.#endOf(auctionId))
  }

  #endOf(auctionId: string): Note[] {
    const { leader, maximum } = this.ledgers.get(auctionId)!
    return bidders.map((who) => ({
      who,
      change: (account) => {
        const free = unbind(account, auctionId)
        return who === leader ? sold(free, `${auctionId}.1`, maximum) : free
      }
    }))
  }

  pay(auctionId: string): void {
    const sale = this.unpaid.get(`${auctionId}.1`)
    if (!sale) return
    this.unpaid.delete(`${auctionId}.1`)
    this.#change(sale.who, (account) => saleEnded(account, `${auctionId}.1`, 1))
  }

  note(at: 0 | 1): void {
    const note = this.#notes[at].shift()
    if (note) this.#change(note.who, note.change)
  }

  /** What it knew is gone; what it had sent off may have arrived or not. */
  die(at: 0 | 1, hasArrived: boolean): void {
    for (const [one] of this.#onTheirWay[at]?.splice(0) ?? []) if (hasArrived) this.#land(one, [])
    this.#notes[at].length = 0
  }

  /** After everything on its way has expired. */
  sweep(): void {
    for (const at of [0, 1] as const) {
      while (this.#onTheirWay[at]!.length > 0) this.arrive(at)
      while (this.#notes[at].length > 0) this.note(at)
    }
    for (const auctionId of auctions) {
      const { leader, maximum, sequence, isClosed } = this.ledgers.get(auctionId)!
      if (isClosed) for (const { who, change } of this.#endOf(auctionId)) this.#change(who, change)
      else
        for (const who of bidders) {
          const amountMinor = who === leader ? maximum : 0
          this.#change(who, (account) => bind(account, { auctionId, amountMinor, place: placeOf(sequence) }))
        }
    }
    for (const who of bidders) this.#change(who, (account) => ({ ...account, pending: [] }))
  }

  exposure(who: string): number {
    const leads = [...this.ledgers.values()].filter((ledger) => !ledger.isClosed && ledger.leader === who)
    const owes = [...this.unpaid.values()].filter((sale) => sale.who === who)
    return leads.reduce((sum, { maximum }) => sum + maximum, 0) + owes.reduce((sum, { amount }) => sum + amount, 0)
  }
}

const either = fc.constantFrom<(0 | 1)[]>(0, 1)
const which = fc.constantFrom(...auctions)
const someSteps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(
        fc.constant('bid' as const),
        either,
        fc.constantFrom(...bidders),
        which,
        fc.integer({ min: 1, max: 90 })
      )
    },
    { weight: 6, arbitrary: fc.tuple(fc.constant('arrive' as const), either) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('note' as const), either) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('close' as const), either, which) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('pay' as const), which) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('die' as const), either, fc.boolean()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('sweep' as const)) }
  ),
  { maxLength: 80 }
)

test('whatever the order, however late and whoever dies: nobody is bound beyond his limit, and in the end what is held is what binds', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const world = new World()
      for (const [kind, ...rest] of steps) {
        ;(world[kind] as (...given: unknown[]) => void)(...rest)
        for (const who of bidders) {
          // More may be held for a while, where an end is noted before the bid that brought it about; never less.
          expect(world.exposure(who)).toBeLessThanOrEqual(LIMIT)
          expect(world.exposure(who)).toBeLessThanOrEqual(heldMinor(world.accounts.get(who)!))
        }
      }
      world.sweep()
      for (const who of bidders) expect(heldMinor(world.accounts.get(who)!)).toBe(world.exposure(who))
    }),
    { numRuns: 2000 }
  )
})
