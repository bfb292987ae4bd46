import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sale } from '@gavel/contracts/primitives.ts'
import {
  backOffMs,
  nextStep,
  onAnswer,
  onBidFailed,
  onClaimed,
  onStockReserved,
  type ChargeAnswer,
  type Decision,
  type Payment,
  type PaymentEvent,
  type PaymentStatus,
  type Step
} from './payment.ts'

const sale: Sale = {
  orderNumber: 'a1.1',
  auctionId: 'a1',
  productId: 'p1',
  userId: 'u1',
  quantity: 1,
  unitPriceMinor: 1_000,
  totalMinor: 1_000,
  currency: 'EUR',
  confirmedAt: 0
}
const is = (status: PaymentStatus): Payment => ({ paymentId: 'y1', sale, ...status })
const names = (decision: Decision): string[] => decision.events.map((event) => event.name)

const due = is({ status: 'due' })
const capturing = is({ status: 'capturing', token: 't1' })
const captured = is({ status: 'captured', chargeId: 'c1', capturedAt: 1 })
const declined = is({ status: 'declined', reason: 'PAYMENT_DECLINED', providerCode: 'card_declined' })
const cancelling = is({ status: 'cancelling' })
const cancelled = is({ status: 'cancelled' })
const refundDue = is({ status: 'refund-due', chargeId: 'c1' })
const refunded = is({ status: 'refunded', chargeId: 'c1' })
const all = [due, capturing, captured, declined, cancelling, cancelled, refundDue, refunded]

describe('a failed sale', () => {
  it.each([
    [undefined, 'cancelled'],
    [due, 'cancelled'],
    [capturing, 'cancelling'],
    [captured, 'refund-due'],
    [declined, 'declined'],
    [cancelling, 'cancelling'],
    [cancelled, 'cancelled'],
    [refundDue, 'refund-due'],
    [refunded, 'refunded']
  ])('turns %o into %s and says nothing yet', (payment, status) => {
    const decision = onBidFailed(payment, sale, 'y1')
    expect(decision.next.status).toBe(status)
    expect(decision.events).toEqual([])
  })

  it('that is heard of before its stock never becomes due', () => {
    const { next } = onStockReserved(onBidFailed(undefined, sale, 'y1').next, sale, 'y2')
    expect(next).toEqual(cancelled)
  })
})

describe('a claim', () => {
  it('stores that the provider will be asked, and with which card', () => {
    expect(onClaimed(due, 't1', 5).next).toEqual(capturing)
  })
  it('without a payment method declines at once', () => {
    const decision = onClaimed(due, undefined, 5)
    expect(decision.next).toMatchObject({ status: 'declined', reason: 'PAYMENT_METHOD_MISSING' })
    expect(names(decision)).toEqual(['PaymentDeclined'])
  })
  it.each(all.filter((payment) => payment !== due))('leaves %o as it is', (payment) => {
    expect(onClaimed(payment, 't2', 5)).toEqual({ next: payment, events: [] })
  })
})

describe('the next step', () => {
  it.each([
    [due, 1, false, undefined],
    [capturing, 1, false, 'capture'],
    [capturing, 1, true, 'capture'],
    [capturing, 2, false, 'look-up-then-capture'],
    [capturing, 2, true, 'cancel'],
    [captured, 1, false, undefined],
    [declined, 1, false, undefined],
    [cancelling, 2, false, 'cancel'],
    [cancelled, 1, false, undefined],
    [refundDue, 1, true, 'refund'],
    [refunded, 1, false, undefined]
  ])('of %o at attempt %i, overdue %s, is %s', (payment, attempt, overdue, ask) => {
    expect(nextStep(payment, attempt, overdue)?.ask).toBe(ask)
  })
})

describe('an answer', () => {
  const yes: ChargeAnswer = { outcome: 'captured', chargeId: 'c1' }
  const no: ChargeAnswer = { outcome: 'declined', providerCode: 'card_declined' }
  const closed: ChargeAnswer = { outcome: 'cancelled' }
  const back: ChargeAnswer = { outcome: 'refunded', chargeId: 'c1' }
  it.each([
    [capturing, yes, 'captured', ['PaymentCaptured']],
    [capturing, no, 'declined', ['PaymentDeclined']],
    [capturing, closed, 'declined', ['PaymentDeclined']],
    [cancelling, yes, 'refund-due', ['PaymentCaptured']],
    [cancelling, no, 'cancelled', []],
    [cancelling, closed, 'cancelled', []],
    [cancelled, yes, 'refund-due', ['PaymentCaptured']],
    [captured, yes, 'captured', []],
    [captured, no, 'captured', []],
    [refundDue, yes, 'refund-due', []],
    [refundDue, back, 'refunded', ['PaymentRefunded']],
    [cancelling, back, 'refunded', ['PaymentCaptured', 'PaymentRefunded']],
    [refunded, yes, 'refunded', []],
    [refunded, back, 'refunded', []]
  ])('to %o of %o gives %s and tells %j', (payment, answer, status, events) => {
    const decision = onAnswer(payment, answer, 9)
    expect(decision.next.status).toBe(status)
    expect(names(decision)).toEqual(events)
  })
  it('heard twice changes nothing the second time', () => {
    for (const payment of all) {
      for (const answer of [yes, no, closed, back]) {
        const { next } = onAnswer(payment, answer, 9)
        expect(onAnswer(next, answer, 10)).toEqual({ next, events: [] })
      }
    }
  })
})

/**
 * A provider that keeps its promise (a key's work is done at most once, a closed key stays closed) behind a network that keeps
 * none: requests arrive late or after the asker died, answers are lost.
 */
class Provider {
  charge: 'none' | 'captured' | 'declined' | 'cancelled' | 'refunded' = 'none'
  captures = 0
  refunds = 0
  readonly declines: boolean
  constructor(declines: boolean) {
    this.declines = declines
  }

  handle(step: Step): ChargeAnswer {
    if (step.ask === 'cancel') {
      if (this.charge === 'none') this.charge = 'cancelled'
    } else if (step.ask === 'refund') {
      if (this.charge === 'captured') {
        this.charge = 'refunded'
        this.refunds++
      }
    } else if (this.charge === 'none') {
      this.charge = this.declines ? 'declined' : 'captured'
      if (this.charge === 'captured') this.captures++
    }
    switch (this.charge) {
      case 'captured':
      case 'refunded':
        return { outcome: this.charge, chargeId: 'c1' }
      case 'declined':
        return { outcome: 'declined', providerCode: 'card_declined' }
      case 'cancelled':
      case 'none':
        return { outcome: 'cancelled' }
    }
  }
}

type Move = 'reserved' | 'failed' | 'claim' | 'deliver-request' | 'deliver-answer' | 'lose-request' | 'lose-answer'

class World {
  payment: Payment | undefined
  told: PaymentEvent['name'][] = []
  attempts = 0
  failed = false
  requests: Step[] = []
  answers: ChargeAnswer[] = []
  readonly provider: Provider
  readonly token: string | undefined
  constructor(provider: Provider, token: string | undefined) {
    this.provider = provider
    this.token = token
  }

  take({ next, events }: Decision): void {
    this.payment = next
    this.told.push(...events.map((event) => event.name))
  }

  claim(overdue: boolean): void {
    if (!this.payment) return
    this.attempts++
    this.take(onClaimed(this.payment, this.token, 1))
    const step = nextStep(this.payment, this.attempts, overdue)
    if (step) this.requests.push(step)
  }

  move(move: Move, pick: number, overdue: boolean): void {
    const at = <T>(list: T[]): T | undefined => list.splice(pick % Math.max(list.length, 1), 1)[0]
    switch (move) {
      case 'reserved':
        return this.take(onStockReserved(this.payment, sale, 'y1'))
      case 'failed':
        this.failed = true
        return this.take(onBidFailed(this.payment, sale, 'y1'))
      case 'claim':
        return this.claim(overdue)
      case 'lose-request':
        at(this.requests)
        return undefined
      case 'lose-answer':
        at(this.answers)
        return undefined
      case 'deliver-request': {
        const request = at(this.requests)
        if (request) this.answers.push(this.provider.handle(request))
        return undefined
      }
      case 'deliver-answer': {
        const answer = at(this.answers)
        if (answer && this.payment) this.take(onAnswer(this.payment, answer, 1))
        return undefined
      }
    }
  }

  /** The world calms down: what is on its way arrives, and the worker asks until nothing is left to ask. */
  settle(): void {
    for (let round = 0; round < 10; round++) {
      while (this.requests.length) this.move('deliver-request', 0, false)
      while (this.answers.length) this.move('deliver-answer', 0, false)
      this.claim(false)
    }
  }
}

const move = fc.constantFrom<Move>(
  'reserved',
  'failed',
  'claim',
  'claim',
  'deliver-request',
  'deliver-answer',
  'lose-request',
  'lose-answer'
)

describe('whatever arrives late, twice, out of order or never', () => {
  const run = (check: (world: World) => void, fails?: boolean) =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(move, fc.nat({ max: 5 }), fc.boolean()), { maxLength: 40 }),
        fc.boolean(),
        fc.option(fc.constant('t1'), { nil: undefined, freq: 8 }),
        (moves, declines, token) => {
          const world = new World(new Provider(declines), token)
          for (const [next, pick, overdue] of moves) {
            if (fails === false && next === 'failed') continue
            world.move(next, pick, overdue)
          }
          if (fails) world.move('failed', 0, false)
          world.settle()
          check(world)
        }
      ),
      { numRuns: 2_000 }
    )
  const count = (world: World, name: string): number => world.told.filter((told) => told === name).length

  it('the money of a failed sale is given back or never taken', () => {
    run((world) => {
      expect(world.provider.captures - world.provider.refunds).toBe(0)
      expect(['cancelled', 'refunded', 'declined']).toContain(world.payment?.status)
    }, true)
  })

  it('a sale is captured at most once, and what is told is what happened', () => {
    run((world) => {
      expect(world.provider.captures).toBeLessThanOrEqual(1)
      expect(count(world, 'PaymentCaptured')).toBe(world.provider.captures)
      expect(count(world, 'PaymentRefunded')).toBe(world.provider.refunds)
      expect(count(world, 'PaymentDeclined')).toBeLessThanOrEqual(1)
      const refunded = world.told.indexOf('PaymentRefunded')
      expect(refunded < 0 || world.told.slice(0, refunded).includes('PaymentCaptured')).toBe(true)
    })
  })

  it('a sale that does not fail ends captured or declined, told exactly once', () => {
    run((world) => {
      if (!world.payment) return
      expect(['captured', 'declined']).toContain(world.payment.status)
      expect(world.told).toHaveLength(1)
      expect(world.provider.refunds).toBe(0)
    }, false)
  })
})

describe('back-off', () => {
  it('doubles up to its maximum and never falls below half of it', () => {
    const limits = { initialMs: 100, maximumMs: 30_000 }
    expect(backOffMs(1, 1, limits)).toBe(100)
    expect(backOffMs(1, 0, limits)).toBe(50)
    expect(backOffMs(4, 1, limits)).toBe(800)
    expect(backOffMs(1_000, 1, limits)).toBe(30_000)
    expect(backOffMs(1_000, 0, limits)).toBe(15_000)
  })
})
