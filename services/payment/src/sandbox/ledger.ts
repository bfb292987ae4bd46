import { createHash, randomUUID } from 'node:crypto'
import { behaviourOf, brandOf, type Behaviour } from './behaviour.ts'
import { Journal } from './journal.ts'

export interface StoredCard {
  token: string
  brand: string
  lastFour: string
  behaviour: Behaviour
}

export interface Charge {
  key: string
  chargeId: string
  token: string
  amountMinor: number
  currency: string
  status: 'captured' | 'declined' | 'cancelled' | 'refunded'
  code?: string
  refundId?: string
}

type Entry = { card: StoredCard } | { charge: Charge }

/** Everything the sandbox knows. A card's number is never kept: what it does is decided when it is stored. */
export class SandboxLedger {
  readonly #cards = new Map<string, StoredCard>()
  readonly #charges = new Map<string, Charge>()
  readonly #keyOfCharge = new Map<string, string>()
  /** How often each key was asked, for the cards that fail at first. A restart may forget this: it only counts misbehaviour. */
  readonly #asked = new Map<string, number>()
  /** Requests for one key are served one after another, as a provider's idempotency lock does. */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #journal: Journal<Entry>

  private constructor(journal: Journal<Entry>) {
    this.#journal = journal
  }

  static async open(path: string): Promise<SandboxLedger> {
    const { journal, entries } = await Journal.open<Entry>(path)
    const ledger = new SandboxLedger(journal)
    for (const entry of entries) ledger.#apply(entry)
    return ledger
  }

  #apply(entry: Entry): void {
    if ('card' in entry) this.#cards.set(entry.card.token, entry.card)
    else {
      this.#charges.set(entry.charge.key, entry.charge)
      this.#keyOfCharge.set(entry.charge.chargeId, entry.charge.key)
    }
  }

  async #record(entry: Entry): Promise<void> {
    await this.#journal.append(entry)
    this.#apply(entry)
  }

  /** The same key gets the same token, so a repeated request stores one card. */
  async storeCard(key: string, number: string): Promise<StoredCard> {
    const token = `card_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`
    const known = this.#cards.get(token)
    if (known) return known
    const card = { token, brand: brandOf(number), lastFour: number.slice(-4), behaviour: behaviourOf(number) }
    await this.#record({ card })
    return card
  }

  card(token: string): StoredCard | undefined {
    return this.#cards.get(token)
  }

  charge(key: string): Charge | undefined {
    return this.#charges.get(key)
  }

  chargeById(chargeId: string): Charge | undefined {
    const key = this.#keyOfCharge.get(chargeId)
    return key === undefined ? undefined : this.#charges.get(key)
  }

  charges(): Charge[] {
    return [...this.#charges.values()]
  }

  /** Counts from 1. */
  timesAsked(key: string): number {
    const times = (this.#asked.get(key) ?? 0) + 1
    this.#asked.set(key, times)
    return times
  }

  async save(charge: Omit<Charge, 'chargeId'> & { chargeId?: string }): Promise<Charge> {
    const whole = { ...charge, chargeId: charge.chargeId ?? `charge_${randomUUID()}` }
    await this.#record({ charge: whole })
    return whole
  }

  /** One at a time for each key. */
  inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.then(
      () => undefined,
      () => undefined
    )
    this.#turns.set(key, settled)
    void settled.then(() => this.#turns.get(key) === settled && this.#turns.delete(key))
    return mine
  }

  close(): Promise<void> {
    return this.#journal.close()
  }
}
