import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '@gavel/platform/errors.ts'
import { emptyAccount, type Account } from './domain/credit.ts'
import type { Accounts, Written } from './store/accounts.ts'

/** The account after a change; null where the change is refused. The same account: nothing to write. */
export type Change = (account: Account) => Account | null

interface Waiting {
  id: string
  change: Change
  limitSetAt?: number | undefined
  attempts: number
  resolve: (isDone: boolean) => void
  reject: (reason: unknown) => void
}

const CHANGES_AT_ONCE = 500
const ATTEMPTS_MAX = 30

/**
 * Changes of accounts, in the manner of the ledger: those that come while a write is under way wait together and are one read
 * and one conditional write, whatever accounts and auctions they are about. Nothing is locked, no change needs two accounts,
 * so nothing can wait for another in a circle; an account that another process changed first is changed again on what is there.
 */
export class CreditChanges {
  readonly #accounts: Accounts
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(accounts: Accounts) {
    this.#accounts = accounts
  }

  /** False where it was refused. Changes of one account are made in the order in which they were asked for. */
  make(id: string, change: Change, limitSetAt?: number): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    this.#waiting.push({ id, change, limitSetAt, attempts: 0, resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  async drain(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, CHANGES_AT_ONCE)
      try {
        const again = await this.#round(batch)
        this.#waiting.unshift(...again)
        // Another process writes the same accounts: a moment, not the same for both.
        if (again.length > 0) await pause(Math.random() * 5 * (again[0]?.attempts ?? 1))
      } catch (error) {
        for (const one of batch) one.reject(error)
      }
    }
    this.#running = undefined
  }

  /** Those that must be tried again. */
  async #round(batch: Waiting[]): Promise<Waiting[]> {
    const byId = Map.groupBy(batch, ({ id }) => id)
    const stored = await this.#accounts.read([...byId.keys()])
    const written: Written[] = []
    const answers = new Map<Waiting, boolean>()
    for (const [id, changes] of byId) {
      const { version, account } = stored.get(id) ?? { version: 0, account: emptyAccount() }
      let next = account
      let limitSetAt: number | undefined
      for (const one of changes) {
        const changed = one.change(next)
        answers.set(one, changed !== null)
        next = changed ?? next
        limitSetAt = one.limitSetAt ?? limitSetAt
      }
      if (next !== account)
        written.push({ id, version, account: next, ...(limitSetAt !== undefined && { limitSetAt }) })
    }
    const done = written.length > 0 ? await this.#accounts.write(written, randomUUID()) : new Set<string>()
    const lost = new Set(written.filter(({ id }) => !done.has(id)).map(({ id }) => id))
    const again: Waiting[] = []
    for (const one of batch) {
      if (!lost.has(one.id)) one.resolve(answers.get(one) ?? false)
      else if ((one.attempts += 1) < ATTEMPTS_MAX) again.push(one)
      else one.reject(new Fault('Other processes change this account all the time'))
    }
    return again
  }
}
